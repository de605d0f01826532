// Applications and keys of an engine for tests of the routes, in memory; and what all of its parts share.
#pragma once

#include <map>

#include "http/operations.hpp"

class fake_access : public pusher::http::operations {
 public:
  template <class T>
  using result = pusher::result<T>;
  using application_id = pusher::application_id;
  using utc_ms = pusher::utc_ms;

  std::map<std::string, uint8_t> keys{{"all", 7}, {"devices", 1}, {"send", 2}, {"read", 4}};
  std::optional<pusher::error> fails;  ///< what every call but authenticate answers
  pusher::http::page_request paging;   ///< of the last list
  std::string next;                    ///< cursor that lists give
  pusher::compat_settings compatible;
  application_id caller{1};  ///< whose keys they all are
  bool suspended = false;
  /// 1 is `default`.
  std::map<uint64_t, pusher::application> applications{
      {1, {{1}, "01999999-0000-7000-8000-000000000001", "default", 1'000, 0}}};
  std::map<std::string, pusher::api_key> api_keys;
  std::optional<utc_ms> overlap;  ///< of the last rotation
  pusher::retention usual;        ///< of applications that have none of their own
  int batches = 0;                ///< calls that were for many at once

  const pusher::compat_settings& compat() const override { return compatible; }
  result<pusher::http::principal> authenticate(std::string_view key) override {
    auto found = keys.find(std::string(key));
    if (found == keys.end()) return failure(pusher::errc::unauthenticated, "The API key is not known.");
    return pusher::http::principal{caller, found->second, caller.value == 1, suspended};
  }
  std::string seal_cursor(application_id, const std::string& cursor) override { return "sealed-" + cursor; }
  result<std::string> open_cursor(application_id, const std::string& sealed) override {
    if (sealed.rfind("foreign-", 0) == 0) return failure(pusher::errc::invalid_cursor, "another's");
    return sealed.rfind("sealed-", 0) == 0 ? sealed.substr(7) : sealed;
  }
  pusher::application& add_application(const std::string& name) {
    auto id = applications.size() + 1;
    return applications[id] = {
               {id}, "01999999-0000-7000-8000-00000000000" + std::to_string(id), name, 1'000, 0};
  }
  result<pusher::http::created_application> create_application(const std::string& name,
                                                               const std::optional<std::string>&) override {
    for (const auto& [id, each] : applications)
      if (each.name == name) return pusher::error{pusher::errc::conflict, "taken", "/name", 0};
    return pusher::http::created_application{add_application(name), false};
  }
  result<pusher::http::page<pusher::application>> list_applications(
      const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::application> page;
    for (const auto& [id, each] : applications)
      page.items.push_back(each);
    return page;
  }
  result<pusher::application> find_application(const std::string& name_or_id) override {
    for (const auto& [id, each] : applications)
      if (each.name == name_or_id || each.id == name_or_id) return each;
    return failure(pusher::errc::not_found, "There is no such application.");
  }
  result<pusher::application> get_application(application_id app) override {
    return applications.at(app.value);
  }
  const pusher::retention& usual_retention() const override { return usual; }
  result<pusher::application> change_application(application_id app, const application_change& how) override {
    auto wanted = applications[app.value];
    if (auto good = how(wanted); !good) return good.failure();
    applications[app.value] = wanted;
    return wanted;
  }
  result<pusher::application> suspend_application(application_id app) override {
    applications[app.value].suspended_at = 2'000;
    return applications[app.value];
  }
  result<pusher::application> resume_application(application_id app) override {
    applications[app.value].suspended_at = 0;
    return applications[app.value];
  }
  result<void> delete_application(application_id app) override {
    applications.erase(app.value);
    return {};
  }
  result<pusher::made_api_key> create_key(application_id app, const pusher::api_key_wish& wanted,
                                          const std::optional<std::string>&) override {
    pusher::api_key made;
    made.id = "psk_key" + std::to_string(api_keys.size() + 1);
    made.application = app;
    made.application_name = applications.at(app.value).name;
    made.name = wanted.name;
    made.scopes = wanted.scopes;
    made.requests_per_second = wanted.requests_per_second;
    made.created_at = 1'000;
    made.expires_at = wanted.expires_at;
    api_keys[made.id] = made;
    return pusher::made_api_key{made, made.id + "-secret"};
  }
  result<pusher::http::page<pusher::api_key>> list_keys(application_id app,
                                                        const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::api_key> page;
    for (const auto& [id, each] : api_keys)
      if (each.application == app) page.items.push_back(each);
    return page;
  }
  result<pusher::api_key> get_key(application_id app, const std::string& id) override {
    auto found = api_keys.find(id);
    if (found == api_keys.end() || found->second.application != app)
      return failure(pusher::errc::not_found, "There is no API key with this id.");
    return found->second;
  }
  result<pusher::api_key> change_key(application_id app, const std::string& id,
                                     const std::function<result<void>(pusher::api_key&)>& change) override {
    auto found = get_key(app, id);
    if (!found) return found;
    if (auto changed = change(*found); !changed) return changed.failure();
    return api_keys[id] = *found;
  }
  result<pusher::made_api_key> rotate_key(application_id app, const std::string& id,
                                          std::optional<utc_ms> for_so_long) override {
    auto old = get_key(app, id);
    if (!old) return old.failure();
    overlap = for_so_long;
    return create_key(app, {old->name, old->scopes, old->requests_per_second, 0}, std::nullopt);
  }
  result<void> revoke_key(application_id app, const std::string& id) override {
    if (auto found = get_key(app, id); !found) return found.failure();
    api_keys.erase(id);
    return {};
  }

 protected:
  static pusher::error failure(pusher::errc code, const char* detail) { return {code, detail, "", 0}; }
};
