#include "storage/device_history.hpp"

#include <algorithm>
#include <map>

#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t notifications_per_step = 500;
constexpr int most_steps = 10;

struct known_device {
  device_key key;
  utc_ms created_at = 0;
  pusher::gateway gateway = gateway::fcm;
};

struct known_notification {
  notification_key key;
  std::string id;
  std::optional<std::string> external_id;
  utc_ms launched_at = 0;
};

result<known_device> find_device(database::connection& on, application_id app, const std::string& device_id) {
  known_device found;
  auto read =
      on.query("finding a device",
               "SELECT id, created_at, gateway FROM devices WHERE application_id = ? AND device_id = ?",
               {app, device_id}, [&](const sql_row& row) {
                 found = {{row.number(0)}, row.time(1), static_cast<gateway>(row.number(2))};
               });
  if (!read) return read.failure();
  if (!found.key) return error{errc::not_found, "There is no device with this id", "", 0};
  return found;
}

known_notification read_notification(const sql_row& row) {
  return {{row.number(0)}, std::string(row.text(1)), row.optional_text(2), row.time(3)};
}

const std::string select_notifications = "SELECT id, public_id, external_id, launched_at FROM notifications ";

result<known_notification> find_notification(database::connection& on, application_id app,
                                             const std::string& id) {
  known_notification found;
  auto read =
      on.query("finding a notification", select_notifications + "WHERE public_id = ? AND application_id = ?",
               {id, app}, [&](const sql_row& row) { found = read_notification(row); });
  if (!read) return read.failure();
  if (!found.key)
    return error{errc::not_found, "There is no notification with this id", "/notification_id", 0};
  return found;
}

bool concerns_notifications(event_type type) {
  return outcome_of(type) || type == event_type::received || type == event_type::opened;
}

/// One page in the making.
class history_page {
 public:
  history_page(database::connection& on, application_id app, const known_device& device, event_types wanted,
               device_history::position from, size_t limit)
      : on_(on), app_(app), device_(device), wanted_(wanted), limit_(limit) {
    page_.next = from;
  }

  /// Of one notification only.
  result<device_history::page> of(const known_notification& one) {
    if (auto done = read_events(one.key); !done) return done.failure();
    bool given = page_.next.notification != 0 && page_.next.notification <= one.key.value;
    if (!given)
      if (auto done = go_through({one}); !done) return done.failure();
    return end();
  }

  result<device_history::page> of_all() {
    if (auto done = read_events({}); !done) return done.failure();
    bool some = std::any_of(all_history_types.begin(), all_history_types.end(), [this](event_type each) {
      return concerns_notifications(each) && wanted_.has(each);
    });
    for (int step = 0; some && !full(); ++step) {
      if (step == most_steps) return std::move(page_);
      auto next = next_notifications();
      if (!next) return next.failure();
      if (auto done = go_through(*next); !done) return done.failure();
      if (next->size() < notifications_per_step) break;
    }
    return end();
  }

 private:
  bool full() const { return page_.entries.size() >= limit_; }

  result<void> read_events(notification_key only) {
    std::string sql =
        "SELECT e.id, e.type, e.at, o.device_id, n.public_id, n.external_id FROM device_events e "
        "LEFT JOIN devices o ON o.application_id = e.application_id AND o.id = e.other_device_id "
        "LEFT JOIN notifications n ON n.id = e.notification_id AND n.application_id = e.application_id "
        "WHERE e.application_id = ? AND e.device_id = ? AND e.id < ?";
    sql_parameters parameters{app_, device_.key, page_.next.event ? page_.next.event : UINT64_MAX};
    if (only) {
      sql += " AND e.notification_id = ?";
      parameters.emplace_back(only);
    }
    std::string types;
    for (auto each : all_device_event_types)
      if (each != device_event_type::registered && wanted_.has(event_of(each)))
        types += (types.empty() ? "" : ", ") + std::to_string(static_cast<unsigned>(each));
    events_read_ = types.empty();
    if (events_read_) return {};
    sql += " AND e.type IN (" + types + ")";
    parameters.emplace_back(limit_ + 1);
    auto read = on_.query("reading a device's history", sql + " ORDER BY e.id DESC LIMIT ?", parameters,
                          [this](const sql_row& row) {
                            feed_event made;
                            made.type = event_of(static_cast<device_event_type>(row.number(1)));
                            made.at = row.time(2);
                            made.other_device_id = row.text(3);
                            made.notification_id = row.text(4);
                            made.external_id = row.optional_text(5);
                            events_.emplace_back(row.number(0), std::move(made));
                          });
    if (!read) return read.failure();
    events_read_ = events_.size() <= limit_;
    return {};
  }

  /// The next notifications downwards that can have reached the device.
  result<std::vector<known_notification>> next_notifications() {
    std::vector<known_notification> found;
    auto read = on_.query(
        "reading recent notifications",
        select_notifications +
            "FORCE INDEX (by_application) WHERE application_id = ? AND id < ? AND launched_at > 0 AND "
            "audience_last_device >= ? ORDER BY id DESC LIMIT ?",
        {app_, page_.next.notification ? page_.next.notification : UINT64_MAX, device_.key,
         notifications_per_step},
        [&](const sql_row& row) { found.push_back(read_notification(row)); });
    if (!read) return read.failure();
    return found;
  }

  result<void> go_through(const std::vector<known_notification>& notifications) {
    if (notifications.empty()) return {};
    std::map<uint64_t, std::vector<feed_event>> entries;
    for (auto step : {&history_page::read_deliveries, &history_page::read_reports})
      if (auto done = (this->*step)(notifications, entries); !done) return done;
    for (const auto& each : notifications) {
      if (auto found = entries.find(each.key.value); found != entries.end()) {
        give_events_since(each.launched_at);
        give_entries_of(each, found->second);
      }
      if (full()) return {};
      page_.next.notification = each.key.value;
      page_.next.given = 0;
    }
    give_events_since(notifications.back().launched_at);
    return {};
  }

  void give_entries_of(const known_notification& notification, std::vector<feed_event>& entries) {
    std::sort(entries.begin(), entries.end(), [](const feed_event& a, const feed_event& b) {
      return a.at != b.at ? a.at > b.at : a.type > b.type;
    });
    bool begun = page_.next.notification == notification.key.value + 1;
    for (auto at = begun ? page_.next.given : 0; at < entries.size() && !full(); ++at) {
      auto& each = entries[at];
      each.notification_id = notification.id;
      each.external_id = notification.external_id;
      page_.entries.push_back(std::move(each));
      page_.next.notification = notification.key.value + 1;
      page_.next.given = at + 1;
    }
  }

  void give_events_since(utc_ms time) {
    for (; next_event_ < events_.size() && !full() && events_[next_event_].second.at >= time; ++next_event_) {
      auto& [id, entry] = events_[next_event_];
      page_.next.event = id;
      page_.entries.push_back(std::move(entry));
    }
  }

  result<device_history::page> end() {
    give_events_since(0);
    if (full() || !events_read_) return std::move(page_);
    feed_event first;
    first.type = event_type::registered;
    first.at = device_.created_at;
    if (wanted_.has(first.type)) page_.entries.push_back(std::move(first));
    page_.at_end = true;
    return std::move(page_);
  }

  static sql_parameters keys_of(device_key device, const std::vector<known_notification>& notifications) {
    std::vector<notification_key> keys;
    for (const auto& each : notifications)
      keys.push_back(each.key);
    sql_parameters parameters{device};
    add_padded(parameters, keys.begin(), keys.end());
    return parameters;
  }

  using entry_map = std::map<uint64_t, std::vector<feed_event>>;

  result<void> read_deliveries(const std::vector<known_notification>& notifications, entry_map& into) {
    auto read = on_.query(
        "reading a device's deliveries",
        "SELECT notification_id, outcome, settled_at, attempts, code, gateway_message_id, gateway FROM "
        "deliveries "
        "FORCE INDEX (PRIMARY) WHERE device_id = ? AND notification_id IN (" +
            placeholders(notifications.size()) + ")",
        keys_of(device_.key, notifications), [&](const sql_row& row) {
          feed_event made;
          made.type =
              event_of(outcome_from_number(static_cast<uint8_t>(row.number(1))).value_or(outcome::unknown));
          made.at = row.time(2);
          made.attempts = static_cast<uint32_t>(row.number(3));
          made.code = row.text(4);
          made.gateway_message_id = row.text(5);
          made.gateway = row.number(6) ? static_cast<gateway>(row.number(6)) : device_.gateway;
          if (wanted_.has(made.type)) into[row.number(0)].push_back(std::move(made));
        });
    return read ? result<void>() : read.failure();
  }

  result<void> read_reports(const std::vector<known_notification>& notifications, entry_map& into) {
    auto read =
        on_.query("reading a device's reports",
                  "SELECT notification_id, type, at FROM reports FORCE INDEX (PRIMARY) WHERE device_id = ? "
                  "AND notification_id IN (" +
                      placeholders(notifications.size()) + ")",
                  keys_of(device_.key, notifications), [&](const sql_row& row) {
                    feed_event made;
                    made.type = event_of(static_cast<device_event_type>(row.number(1)));
                    made.at = row.time(2);
                    if (wanted_.has(made.type)) into[row.number(0)].push_back(std::move(made));
                  });
    return read ? result<void>() : read.failure();
  }

  database::connection& on_;
  const application_id app_;
  const known_device device_;
  const event_types wanted_;
  const size_t limit_;
  device_history::page page_;
  std::vector<std::pair<uint64_t, feed_event>> events_;  ///< of device_events, with their ids; newest first
  size_t next_event_ = 0;
  bool events_read_ = false;  ///< events_ has all that are left
};

}  // namespace

result<device_history::page> device_history::list(application_id app, const std::string& device_id,
                                                  event_types wanted, const std::optional<std::string>& of,
                                                  position from, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<page> {
    auto device = find_device(on, app, device_id);
    if (!device) return device.failure();
    history_page making(on, app, *device, wanted, from, limit);
    if (!of) return making.of_all();
    auto notification = find_notification(on, app, *of);
    if (!notification) return notification.failure();
    return making.of(*notification);
  });
}

}  // namespace pusher
