// An engine for tests of the routes: remembers devices and notifications in memory.
#pragma once

#include <map>

#include "http/operations.hpp"

class fake_operations : public pusher::http::operations {
 public:
  template <class T>
  using result = pusher::result<T>;
  using application_id = pusher::application_id;

  std::map<std::string, uint8_t> keys{{"all", 7}, {"devices", 1}, {"send", 2}, {"read", 4}};
  std::map<std::string, pusher::stored_device> devices;
  std::map<std::string, pusher::notification> notifications;
  std::optional<pusher::error> fails;  ///< what every call but authenticate answers
  pusher::http::page_request paging;   ///< of the last list
  std::optional<pusher::http::idempotency> once;
  std::string next;  ///< cursor that lists give
  int imports = 0;

  pusher::compat_settings compatible;
  const pusher::compat_settings& compat() const override { return compatible; }
  result<pusher::http::principal> authenticate(std::string_view key) override {
    auto found = keys.find(std::string(key));
    if (found == keys.end()) return failure(pusher::errc::unauthenticated, "The API key is not known.");
    return pusher::http::principal{application_id{1}, found->second};
  }
  result<pusher::http::registered_device> put_device(application_id, const pusher::device& value) override {
    if (fails) return *fails;
    bool created = devices.count(value.device_id) == 0;
    auto& stored = devices[value.device_id];
    stored.value = value;
    stored.created_at = 1'000;
    return pusher::http::registered_device{created, stored};
  }
  int batches = 0;
  std::string poison;  ///< a device_id that no batch takes
  result<std::vector<pusher::http::registered_device>> put_devices(
      application_id app, const std::vector<pusher::device>& values) override {
    ++batches;
    std::vector<pusher::http::registered_device> stored;
    for (const auto& each : values)
      if (each.device_id == poison) return failure(pusher::errc::internal, "This row cannot be stored.");
    for (const auto& each : values) {
      auto one = put_device(app, each);
      if (!one) return one.failure();
      stored.push_back(std::move(*one));
    }
    return stored;
  }
  result<std::vector<bool>> delete_devices(application_id app, const std::vector<std::string>& ids) override {
    ++batches;
    if (fails) return *fails;
    std::vector<bool> was_there;
    for (const auto& id : ids)
      was_there.push_back(delete_device(app, id).ok());
    return was_there;
  }
  result<pusher::stored_device> get_device(application_id, const std::string& device_id) override {
    auto found = devices.find(device_id);
    if (found == devices.end()) return failure(pusher::errc::not_found, "There is no such device.");
    return found->second;
  }
  result<pusher::stored_device> patch_device(
      application_id app, const std::string& device_id,
      const std::function<result<void>(pusher::device&)>& change) override {
    auto found = get_device(app, device_id);
    if (!found) return found;
    if (auto changed = change(found->value); !changed) return changed.failure();
    return devices[device_id] = *found;
  }
  result<void> delete_device(application_id, const std::string& device_id) override {
    if (devices.erase(device_id) == 0) return failure(pusher::errc::not_found, "There is no such device.");
    return {};
  }
  result<pusher::stored_device> find_token(application_id, const pusher::device& wanted) override {
    for (const auto& [id, each] : devices)
      if (each.value.gateway == wanted.gateway && each.value.environment == wanted.environment &&
          each.value.push_token == wanted.push_token)
        return each;
    return failure(pusher::errc::not_found, "No device holds this push token.");
  }
  result<std::vector<pusher::http::token_holder>> hold_tokens(
      application_id app, const std::vector<pusher::device>& values) override {
    if (fails) return *fails;
    std::vector<pusher::http::token_holder> holders;
    for (const auto& each : values) {
      auto held = find_token(app, each);
      if (!held) put_device(app, each).ok();
      holders.push_back({held ? held->value.device_id : each.device_id,
                         held && held->disabled == pusher::disabled_reason::unregistered});
    }
    return holders;
  }
  std::set<pusher::notification_key> unsettled;
  result<std::set<pusher::notification_key>> settled_among(
      const std::vector<pusher::notification_key>& asked) override {
    if (fails) return *fails;
    std::set<pusher::notification_key> settled(asked.begin(), asked.end());
    for (auto each : unsettled)
      settled.erase(each);
    return settled;
  }
  std::optional<pusher::error> refuses;  ///< what check_notification answers
  result<void> check_notification(application_id, const pusher::notification_draft&) override {
    if (refuses) return *refuses;
    return {};
  }
  result<std::vector<bool>> import_devices(application_id app,
                                           const std::vector<pusher::device>& values) override {
    ++imports;
    if (fails) return *fails;
    std::vector<bool> created;
    for (const auto& each : values)
      created.push_back(put_device(app, each)->created);
    return created;
  }
  result<pusher::http::page<pusher::stored_device>> search_devices(
      application_id, const pusher::http::device_filter&,
      const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::stored_device> page;
    for (const auto& [id, each] : devices)
      page.items.push_back(each);
    page.next = next;
    return page;
  }
  result<pusher::http::device_count> count_devices(application_id,
                                                   const pusher::http::device_filter&) override {
    return pusher::http::device_count{devices.size(), devices.size(), "scan", "", 0};
  }
  result<pusher::http::export_range> begin_export(application_id, const pusher::http::device_filter& which,
                                                  const std::optional<std::string>& after) override {
    if (fails) return *fails;
    if (after && devices.count(*after) == 0)
      return failure(pusher::errc::not_found, "There is no such device.");
    return pusher::http::export_range{{0}, {devices.size()}, 0, which.where};
  }
  /// Two devices a page; keys are places in the order of the ids.
  result<pusher::http::exported_devices> export_devices(application_id,
                                                        const pusher::http::export_range& range) override {
    if (fails) return *fails;
    pusher::http::exported_devices page;
    page.reached = range.after;
    uint64_t place = 0;
    for (const auto& [id, each] : devices) {
      if (++place <= range.after.value || page.devices.size() == 2) continue;
      page.devices.push_back(each.value);
      page.reached.value = place;
    }
    page.at_end = !(page.reached < range.last);
    return page;
  }
  std::map<std::string, pusher::segment> segments;
  std::vector<std::string> indexed;
  std::vector<pusher::device_event> events;

  result<pusher::http::saved_segment> put_segment(application_id, const std::string& name,
                                                  const pusher::condition& where,
                                                  const segment_check& allowed) override {
    if (fails) return *fails;
    if (auto good = allowed(segment_of(name)); !good) return good.failure();
    bool created = segments.count(name) == 0;
    segments[name] = {name, where.to_json(), 1'000, 2'000};
    return pusher::http::saved_segment{created, segments[name]};
  }
  result<pusher::segment> get_segment(application_id, const std::string& name) override {
    auto found = segments.find(name);
    if (found == segments.end()) return failure(pusher::errc::not_found, "There is no such segment.");
    return found->second;
  }
  const pusher::segment* segment_of(const std::string& name) {
    return segments.count(name) > 0 ? &segments[name] : nullptr;
  }
  result<void> delete_segment(application_id, const std::string& name,
                              const segment_check& allowed) override {
    if (auto good = allowed(segment_of(name)); !good) return good.failure();
    if (segments.erase(name) == 0) return failure(pusher::errc::not_found, "There is no such segment.");
    return {};
  }
  result<pusher::http::page<pusher::segment>> list_segments(
      application_id, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::segment> page;
    for (const auto& [name, each] : segments)
      page.items.push_back(each);
    return page;
  }
  result<std::vector<pusher::http::indexed_name>> indexed_properties(application_id) override {
    std::vector<pusher::http::indexed_name> names;
    for (const auto& each : indexed)
      names.push_back({each, true});
    return names;
  }
  result<std::vector<pusher::http::indexed_name>> index_properties(
      application_id app, const std::vector<std::string>& names) override {
    indexed = names;
    return indexed_properties(app);
  }
  std::vector<pusher::http::gateway_description> gateways() override {
    pusher::http::answer_row row;
    row.status = "410";
    row.code = "Unregistered";
    row.action = "dead_token";
    row.reach = "target";
    row.meaning = "gone";
    return {{"apns", "apns", true, {row}}};
  }
  result<std::vector<pusher::token_hold>> token_holds(application_id) override { return holds; }
  result<pusher::token_hold> decide_token_hold(application_id, uint64_t id,
                                               pusher::token_hold_state as) override {
    for (auto& each : holds) {
      if (each.id != id) continue;
      each.state = as;
      return each;
    }
    return pusher::error{pusher::errc::not_found, "no such hold", "", 0};
  }
  std::vector<pusher::token_hold> holds;
  result<pusher::http::page<pusher::device_event>> list_events(
      application_id, const std::string&, std::optional<pusher::device_event_type>,
      const pusher::http::page_request& request) override {
    paging = request;
    return pusher::http::page<pusher::device_event>{events, ""};
  }
  result<pusher::device_event> report_event(application_id, const std::string&,
                                            pusher::device_event_type type,
                                            const std::optional<std::string>& notification) override {
    events.push_back({events.size() + 1, type, "", notification.value_or(""), 3'000});
    return events.back();
  }
  std::vector<pusher::feed_event> feed;
  result<pusher::http::feed_page> read_feed(application_id, pusher::event_types wanted,
                                            const pusher::http::page_request& request) override {
    if (fails) return *fails;
    paging = request;
    pusher::http::feed_page page;
    for (const auto& each : feed)
      if (wanted.has(each.type)) page.items.push_back(each);
    page.next = "c1";
    page.at_end = true;
    return page;
  }
  result<pusher::http::page<pusher::stored_device>> list_user_devices(
      application_id app, const std::string&, const pusher::http::page_request& request) override {
    return search_devices(app, {}, request);
  }
  result<pusher::http::erased_user> erase_user(application_id, const std::string&) override {
    pusher::http::erased_user erased{devices.size(), events.size()};
    devices.clear();
    events.clear();
    return erased;
  }
  result<pusher::http::created_notification> create_notification(
      application_id, const pusher::notification_draft& draft,
      const std::optional<pusher::http::idempotency>& key,
      const std::function<std::string(const pusher::notification&)>& render) override {
    if (fails) return *fails;
    once = key;
    pusher::notification made;
    made.id = "01999999-9999-7999-8999-999999999999";
    made.draft = draft;
    bool replay = key && notifications.count(made.id) > 0;
    notifications[made.id] = made;
    pusher::http::created_notification created{made, std::nullopt};
    if (replay) created.replayed_body = render(made);
    return created;
  }
  result<pusher::notification> get_notification(application_id, const std::string& id) override {
    auto found = notifications.find(id);
    if (found == notifications.end())
      return failure(pusher::errc::not_found, "There is no such notification.");
    return found->second;
  }
  result<pusher::http::page<pusher::notification>> list_notifications(
      application_id, std::optional<pusher::notification_state>,
      const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::notification> page;
    for (const auto& [id, each] : notifications)
      page.items.push_back(each);
    page.next = next;
    return page;
  }
  result<pusher::http::created_notification> launch_notification(
      application_id app, const std::string& id, const std::optional<pusher::http::idempotency>&,
      const std::function<std::string(const pusher::notification&)>&) override {
    if (fails) return *fails;
    auto found = get_notification(app, id);
    if (!found) return found.failure();
    return pusher::http::created_notification{std::move(*found), std::nullopt};
  }
  result<pusher::notification> change_notification(
      application_id app, const std::string& id,
      const std::function<result<pusher::notification_draft>(const pusher::notification&)>& change) override {
    auto found = get_notification(app, id);
    if (!found) return found;
    auto draft = change(*found);
    if (!draft) return draft.failure();
    notifications[id].draft = std::move(*draft);
    return notifications[id];
  }
  result<void> delete_notification(
      application_id app, const std::string& id,
      const std::function<result<void>(const pusher::notification&)>& allowed) override {
    auto found = get_notification(app, id);
    if (!found) return found.failure();
    if (auto good = allowed(*found); !good) return good;
    notifications.erase(id);
    return {};
  }
  std::optional<pusher::http::life_step> step;  ///< the last one
  result<pusher::notification> step_notification(application_id app, const std::string& id,
                                                 pusher::http::life_step taken) override {
    step = taken;
    return get_notification(app, id);
  }
  pusher::notification_draft rehearsed;
  pusher::http::rehearsal_wish wish;
  result<pusher::http::rehearsal> rehearse(pusher::application_id, const pusher::notification_draft& draft,
                                           const pusher::http::rehearsal_wish& wanted) override {
    rehearsed = draft;
    wish = wanted;
    pusher::http::rehearsal made;
    made.count = 7;
    made.by_gateway = {{"fcm", 7, 2}};
    made.by_locale = {{"ko-KR", "ko", 3}, {"", "", 2}};
    made.other_locales = 2;
    made.skipped = {{"no_credential", 2}};
    pusher::http::rehearsed_payload good;
    good.gateway = "fcm";
    good.locale = good.localization = "ko";
    good.payload = R"({"data":{}})";
    good.bytes = 11;
    good.limit = 4096;
    pusher::http::rehearsed_payload bad;
    bad.gateway = "apns";
    bad.fault = "too large";
    made.payloads = {good, bad};
    made.seconds = 2.5;
    made.per_second = 2;
    made.limited_by = "rate_per_second";
    return made;
  }
  result<pusher::http::page<pusher::delivery>> list_deliveries(
      application_id, const std::string&, std::optional<pusher::outcome>,
      const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::delivery> page;
    page.items.push_back({"a", pusher::outcome::accepted, 1, "m1", "", 2'000});
    page.next = next;
    return page;
  }

 private:
  static pusher::error failure(pusher::errc code, const char* detail) { return {code, detail, "", 0}; }
};
