// An engine for tests of the routes: remembers devices and notifications in memory.
#pragma once

#include <map>

#include "http/operations.hpp"

class fake_operations : public pusher::http::operations {
 public:
  template <class T>
  using result = pusher::result<T>;
  using application_id = pusher::application_id;
  using utc_ms = pusher::utc_ms;

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
    return pusher::http::principal{caller, found->second, caller.value == 1, suspended};
  }

  std::string seal_cursor(application_id, const std::string& cursor) override { return "sealed-" + cursor; }
  result<std::string> open_cursor(application_id, const std::string& sealed) override {
    if (sealed.rfind("foreign-", 0) == 0) return failure(pusher::errc::invalid_cursor, "another's");
    return sealed.rfind("sealed-", 0) == 0 ? sealed.substr(7) : sealed;
  }

  // -- applications and keys; the application 1 is `default` --
  application_id caller{1};  ///< whose keys they all are
  bool suspended = false;
  std::map<uint64_t, pusher::application> applications{
      {1, {{1}, "01999999-0000-7000-8000-000000000001", "default", 1'000, 0}}};
  std::map<std::string, pusher::api_key> api_keys;
  std::optional<utc_ms> overlap;  ///< of the last rotation

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
  pusher::retention usual;
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
  std::vector<pusher::feed_event> events;

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
  std::map<std::string, pusher::http::shown_credential> credentials;
  pusher::http::credential_draft uploaded;  ///< the last
  result<pusher::http::shown_credential> create_credential(
      application_id, const pusher::http::credential_draft& draft) override {
    if (fails) return *fails;
    uploaded = draft;
    pusher::http::shown_credential made;
    made.value.id = "c-" + std::to_string(credentials.size() + 1);
    made.value.name = draft.name;
    made.value.gateway = draft.content.gateway;
    made.value.production = draft.production;
    made.value.sandbox = draft.sandbox;
    made.value.active = made.in_use = draft.activate;
    made.value.created_at = 1'000;
    made.value.facts = R"({"fingerprint":"ab"})";
    return credentials[made.value.id] = made;
  }
  result<std::vector<pusher::http::shown_credential>> list_credentials(application_id) override {
    if (fails) return *fails;
    std::vector<pusher::http::shown_credential> all;
    for (const auto& [id, each] : credentials)
      all.push_back(each);
    return all;
  }
  result<pusher::http::shown_credential> get_credential(application_id, const std::string& id) override {
    if (fails) return *fails;
    auto found = credentials.find(id);
    if (found == credentials.end())
      return failure(pusher::errc::not_found, "There is no credential with this id");
    return found->second;
  }
  result<pusher::http::shown_credential> change_credential(
      application_id app, const std::string& id, const pusher::http::credential_change& change) override {
    auto found = get_credential(app, id);
    if (!found) return found;
    if (change.name) found->value.name = *change.name;
    if (change.active) found->value.active = *change.active;
    return credentials[id] = *found;
  }
  result<pusher::http::shown_credential> verify_credential(application_id app,
                                                           const std::string& id) override {
    auto found = get_credential(app, id);
    if (!found) return found;
    found->value.verified_at = 2'000;
    return credentials[id] = *found;
  }
  result<void> delete_credential(application_id, const std::string& id) override {
    if (fails) return *fails;
    if (credentials.erase(id) == 0)
      return failure(pusher::errc::not_found, "There is no credential with this id");
    return {};
  }

  result<std::vector<pusher::http::gateway_description>> gateways(application_id) override {
    pusher::http::answer_row row;
    row.status = "410";
    row.code = "Unregistered";
    row.action = "dead_token";
    row.reach = "target";
    row.meaning = "gone";
    return std::vector<pusher::http::gateway_description>{{"apns", "apns", true, {row}}};
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
  result<pusher::http::page<pusher::feed_event>> device_history(
      application_id, const std::string&, pusher::event_types wanted, const std::optional<std::string>& of,
      const pusher::http::page_request& request) override {
    if (fails) return *fails;
    paging = request;
    pusher::http::page<pusher::feed_event> page;
    for (const auto& each : events)
      if (wanted.has(each.type) && (!of || *of == each.notification_id)) page.items.push_back(each);
    return page;
  }
  std::vector<pusher::client_report> reported;
  /// Devices that are not there, and notifications called "gone", are refused; what was said before is
  /// repeated.
  result<std::vector<pusher::recorded_report>> report_events(
      application_id, const std::vector<pusher::client_report>& reports) override {
    if (fails) return *fails;
    ++batches;
    std::vector<pusher::recorded_report> recorded;
    for (const auto& each : reports) {
      auto status = pusher::report_status::recorded;
      for (const auto& before : reported)
        if (before.device_id == each.device_id && before.type == each.type &&
            before.notification_id == each.notification_id)
          status = pusher::report_status::repeated;
      if (each.notification_id == "gone") status = pusher::report_status::no_such_notification;
      if (devices.count(each.device_id) == 0) status = pusher::report_status::no_such_device;
      recorded.push_back({status, 3'000});
      if (status != pusher::report_status::recorded) continue;
      reported.push_back(each);
      pusher::feed_event event;
      event.type = pusher::event_of(each.type);
      event.at = 3'000;
      event.notification_id = each.notification_id.value_or("");
      events.push_back(std::move(event));
    }
    return recorded;
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
  std::vector<result<pusher::http::created_notification>> create_notifications(
      application_id app, const std::vector<pusher::http::wished_notification>& wished,
      const std::function<std::string(const pusher::notification&)>& render) override {
    ++batches;
    std::vector<result<pusher::http::created_notification>> created;
    for (const auto& each : wished)
      created.push_back(each.draft.external_id == "taken"
                            ? failure(pusher::errc::conflict, "Another notification has this external_id")
                            : create_notification(app, each.draft, each.once, render));
    return created;
  }
  result<pusher::notification> get_notification(application_id, const std::string& id) override {
    auto found = notifications.find(id);
    if (found == notifications.end())
      return failure(pusher::errc::not_found, "There is no such notification.");
    return found->second;
  }
  result<pusher::http::page<pusher::notification>> list_notifications(
      application_id, const pusher::notification_filter& wanted,
      const pusher::http::page_request& request) override {
    paging = request;
    notifications_wanted = wanted;
    pusher::http::page<pusher::notification> page;
    for (const auto& [id, each] : notifications)
      page.items.push_back(each);
    page.next = next;
    return page;
  }
  result<pusher::http::created_notification> launch_notification(
      application_id app, const std::string& id, const std::optional<pusher::http::idempotency>&,
      const std::function<std::string(const pusher::notification&)>&, const std::string&) override {
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
  pusher::notification_filter notifications_wanted;
  pusher::delivery_filter deliveries_wanted;
  result<pusher::http::page<pusher::delivery>> list_deliveries(
      application_id, const std::string&, const pusher::delivery_filter& wanted,
      const pusher::http::page_request& request) override {
    paging = request;
    deliveries_wanted = wanted;
    pusher::http::page<pusher::delivery> page;
    page.items.push_back({"a", pusher::outcome::accepted, 1, pusher::gateway::fcm, "m1", "", 2'000});
    page.next = next;
    return page;
  }
  pusher::http::explained_delivery explained;
  result<pusher::http::explained_delivery> explain_delivery(application_id, const std::string&,
                                                            const std::string&) override {
    if (fails) return *fails;
    return explained;
  }

  pusher::delivery_summary summary;
  result<pusher::delivery_summary> summarize_deliveries(application_id, const std::string&) override {
    if (fails) return *fails;
    return summary;
  }

  struct told_look final : pusher::http::gateway_look {
    pusher::http::gateway_states states;
    bool came = false;
    bool ready() const override { return came; }
    result<pusher::http::gateway_states> found() const override {
      if (!came) return failure(pusher::errc::timed_out, "not yet");
      return states;
    }
  };
  std::shared_ptr<told_look> look = std::make_shared<told_look>();
  std::shared_ptr<pusher::http::gateway_look> look_at_gateways(application_id) override { return look; }

  std::map<std::string, pusher::http::dead_letter_facts> letters;
  std::optional<pusher::http::dead_letter_decision> decision;  ///< the last
  result<pusher::http::page<pusher::http::dead_letter_facts>> list_dead_letters(
      application_id, bool, const pusher::http::page_request& request) override {
    if (fails) return *fails;
    paging = request;
    pusher::http::page<pusher::http::dead_letter_facts> page{{}, next};
    for (const auto& [id, each] : letters)
      page.items.push_back(each);
    return page;
  }
  result<pusher::http::dead_letter_facts> decide_dead_letter(application_id, bool, const std::string& id,
                                                             pusher::http::dead_letter_decision as) override {
    auto found = letters.find(id);
    if (found == letters.end()) return failure(pusher::errc::not_found, "There is no dead letter.");
    auto made = found->second;
    letters.erase(found);
    decision = as;
    return made;
  }

  std::map<std::string, pusher::webhook> webhooks;
  pusher::http::webhook_start replayed;
  result<pusher::http::webhook_with_secret> create_webhook(application_id,
                                                           const pusher::webhook_options& options) override {
    if (fails) return *fails;
    pusher::webhook made;
    made.id = "01999999-9999-7999-8999-999999999999";
    made.options = options;
    webhooks[made.id] = made;
    return pusher::http::webhook_with_secret{{made, "c0.0.0"}, "whsec_c2VjcmV0"};
  }
  result<pusher::http::described_webhook> get_webhook(application_id, const std::string& id) override {
    auto found = webhooks.find(id);
    if (found == webhooks.end()) return failure(pusher::errc::not_found, "There is no such webhook.");
    return pusher::http::described_webhook{found->second, "c0.0.0"};
  }
  result<pusher::http::page<pusher::http::described_webhook>> list_webhooks(
      application_id, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::http::described_webhook> page;
    for (const auto& [id, each] : webhooks)
      page.items.push_back({each, "c0.0.0"});
    page.next = next;
    return page;
  }
  result<pusher::http::described_webhook> change_webhook(
      application_id app, const std::string& id,
      const std::function<result<void>(pusher::webhook_options&)>& change) override {
    auto found = get_webhook(app, id);
    if (!found) return found;
    if (auto changed = change(found->value.options); !changed) return changed.failure();
    webhooks[id] = found->value;
    return found;
  }
  result<void> delete_webhook(application_id, const std::string& id) override {
    if (webhooks.erase(id) == 0) return failure(pusher::errc::not_found, "There is no such webhook.");
    return {};
  }
  result<pusher::http::webhook_with_secret> rotate_webhook_secret(application_id app,
                                                                  const std::string& id) override {
    auto found = get_webhook(app, id);
    if (!found) return found.failure();
    return pusher::http::webhook_with_secret{*found, "whsec_bmV3"};
  }
  result<pusher::webhook_attempt> test_webhook(application_id app, const std::string& id) override {
    auto found = get_webhook(app, id);
    if (!found) return found.failure();
    return pusher::webhook_attempt{1, "msg_1", "ping", 0, 500, 12, "answered 500", "oops", 1'000, 0};
  }
  result<pusher::http::described_webhook> replay_webhook(application_id app, const std::string& id,
                                                         const pusher::http::webhook_start& from) override {
    replayed = from;
    return get_webhook(app, id);
  }
  result<pusher::http::page<pusher::webhook_attempt>> list_webhook_attempts(
      application_id, const std::string&, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::webhook_attempt> page;
    page.items.push_back({2, "msg_2", "events", 7, 200, 5, "", "", 2'000, 0});
    page.next = next;
    return page;
  }

 private:
  static pusher::error failure(pusher::errc code, const char* detail) { return {code, detail, "", 0}; }
};
