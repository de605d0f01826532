// Notifications and their deliveries of an engine for tests of the routes, in memory.
#pragma once

#include "fake_credentials.hpp"

class fake_notifications : public fake_credentials {
 public:
  std::map<std::string, pusher::notification> notifications;
  std::optional<pusher::http::idempotency> once;
  std::set<pusher::notification_key> unsettled;
  std::optional<pusher::error> refuses;         ///< what check_notification answers
  std::optional<pusher::http::life_step> step;  ///< the last one
  pusher::notification_draft rehearsed;
  pusher::http::rehearsal_wish wish;
  pusher::notification_filter notifications_wanted;
  pusher::delivery_filter deliveries_wanted;
  pusher::http::explained_delivery explained;
  pusher::delivery_summary summary;

  result<std::set<pusher::notification_key>> settled_among(
      const std::vector<pusher::notification_key>& asked) override {
    if (fails) return *fails;
    std::set<pusher::notification_key> settled(asked.begin(), asked.end());
    for (auto each : unsettled)
      settled.erase(each);
    return settled;
  }
  result<void> check_notification(application_id, const pusher::notification_draft&) override {
    if (refuses) return *refuses;
    return {};
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
  result<pusher::notification> step_notification(application_id app, const std::string& id,
                                                 pusher::http::life_step taken) override {
    step = taken;
    return get_notification(app, id);
  }
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
      application_id, const std::string&, const pusher::delivery_filter& wanted,
      const pusher::http::page_request& request) override {
    paging = request;
    deliveries_wanted = wanted;
    pusher::http::page<pusher::delivery> page;
    page.items.push_back({"a", pusher::outcome::accepted, 1, pusher::gateway::fcm, "m1", "", 2'000});
    page.next = next;
    return page;
  }
  result<pusher::http::explained_delivery> explain_delivery(application_id, const std::string&,
                                                            const std::string&) override {
    if (fails) return *fails;
    return explained;
  }
  result<pusher::delivery_summary> summarize_deliveries(application_id, const std::string&) override {
    if (fails) return *fails;
    return summary;
  }
};
