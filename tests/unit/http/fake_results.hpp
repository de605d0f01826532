// Reports, histories and the feed of an engine for tests of the routes, in memory.
#pragma once

#include "fake_notifications.hpp"

class fake_results : public fake_notifications {
 public:
  std::vector<pusher::feed_event> events;
  std::vector<pusher::client_report> reported;
  std::vector<pusher::feed_event> feed;

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
  result<pusher::http::erased_user> erase_user(application_id, const std::string&) override {
    pusher::http::erased_user erased{devices.size(), events.size()};
    devices.clear();
    events.clear();
    return erased;
  }
};
