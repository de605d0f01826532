#include "storage/feed_details.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace pusher {

namespace {

constexpr size_t list_length = 1000;
constexpr size_t pair_length = 64;
constexpr size_t few_devices = 8;  // of a notification; more are asked for in a list of their own

struct known_device {
  std::string id;
  pusher::gateway gateway = gateway::fcm;
};

struct known_notification {
  std::string id;
  std::optional<std::string> external_id;
  notification_state state = notification_state::draft;
};

struct known_delivery {
  utc_ms settled_at = 0;
  uint32_t attempts = 0;
  std::string code, gateway_message_id;
  uint8_t gateway = 0;
};

using delivery_id = std::pair<uint64_t, uint64_t>;  ///< notification, device

const std::string select_deliveries =
    "SELECT notification_id, device_id, settled_at, attempts, code, gateway_message_id, gateway FROM "
    "deliveries "
    "FORCE INDEX (PRIMARY) WHERE ";

/// `(notification_id = ? AND device_id = ?) OR ...`, which the server turns into look-ups by key.
std::string pair_places() {
  std::string text;
  for (size_t i = 0; i < pair_length; ++i)
    text += std::string(i == 0 ? "" : " OR ") + "(notification_id = ? AND device_id = ?)";
  return text;
}

class details {
 public:
  details(database::connection& on, application_id app) : on_(on), app_(app) {}

  result<std::vector<feed_event>> of(const std::vector<bare_event>& events) {
    for (auto step : {&details::find_devices, &details::find_notifications, &details::find_deliveries})
      if (auto done = (this->*step)(events); !done) return done.failure();
    std::vector<feed_event> made;
    made.reserve(events.size());
    for (const auto& each : events)
      if (auto whole = complete(each)) made.push_back(std::move(*whole));
    return made;
  }

 private:
  /// Asks for a thousand ids at a time.
  template <class Visit>
  result<void> look_up(const char* doing, const std::string& select, std::vector<uint64_t> ids, Visit visit) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (size_t from = 0; from < ids.size(); from += list_length) {
      auto to = std::min(from + list_length, ids.size());
      sql_parameters parameters{app_};
      add_padded(parameters, ids.begin() + static_cast<long>(from), ids.begin() + static_cast<long>(to));
      auto read = on_.query(doing, select + " IN (" + placeholders(to - from) + ")", parameters, visit);
      if (!read) return read.failure();
    }
    return {};
  }

  result<void> find_devices(const std::vector<bare_event>& events) {
    std::vector<uint64_t> ids;
    for (const auto& each : events)
      for (auto device : {each.subject.device, each.subject.other})
        if (device) ids.push_back(device.value);
    return look_up(
        "reading devices of events",
        "SELECT id, device_id, gateway FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? "
        "AND id",
        std::move(ids), [this](const sql_row& row) {
          devices_[row.number(0)] = {std::string(row.text(1)), static_cast<gateway>(row.number(2))};
        });
  }

  result<void> find_notifications(const std::vector<bare_event>& events) {
    std::vector<uint64_t> ids;
    for (const auto& each : events)
      if (each.notification) ids.push_back(each.notification.value);
    return look_up("reading notifications of events",
                   "SELECT id, public_id, external_id, state FROM notifications FORCE INDEX (PRIMARY) WHERE "
                   "application_id = ? AND id",
                   std::move(ids), [this](const sql_row& row) {
                     notifications_[row.number(0)] = {std::string(row.text(1)), row.optional_text(2),
                                                      static_cast<notification_state>(row.number(3))};
                   });
  }

  result<void> find_deliveries(const std::vector<bare_event>& events) {
    std::map<uint64_t, std::vector<uint64_t>> wanted;
    for (const auto& each : events)
      if (outcome_of(each.type) && notifications_.count(each.notification.value))
        wanted[each.notification.value].push_back(each.subject.device.value);
    std::vector<delivery_id> pairs;
    for (auto& [notification, devices] : wanted) {
      if (devices.size() > few_devices) {
        if (auto done = read_many(notification, devices); !done) return done;
        continue;
      }
      for (auto device : devices)
        pairs.emplace_back(notification, device);
    }
    return read_pairs(pairs);
  }

  result<void> read_many(uint64_t notification, const std::vector<uint64_t>& devices) {
    for (size_t from = 0; from < devices.size(); from += list_length) {
      auto to = std::min(from + list_length, devices.size());
      sql_parameters parameters{notification};
      add_padded(parameters, devices.begin() + static_cast<long>(from),
                 devices.begin() + static_cast<long>(to));
      auto done =
          read(select_deliveries + "notification_id = ? AND device_id IN (" + placeholders(to - from) + ")",
               parameters);
      if (!done) return done;
    }
    return {};
  }

  result<void> read_pairs(const std::vector<delivery_id>& pairs) {
    static const std::string sql = select_deliveries + pair_places();
    for (size_t from = 0; from < pairs.size(); from += pair_length) {
      sql_parameters parameters;
      for (size_t i = from; i < from + pair_length; ++i) {
        const auto& pair = pairs[std::min(i, pairs.size() - 1)];
        parameters.emplace_back(pair.first);
        parameters.emplace_back(pair.second);
      }
      if (auto done = read(sql, parameters); !done) return done;
    }
    return {};
  }

  result<void> read(const std::string& sql, const sql_parameters& parameters) {
    auto done = on_.query("reading deliveries of events", sql, parameters, [this](const sql_row& row) {
      deliveries_[{row.number(0), row.number(1)}] = {row.time(2), static_cast<uint32_t>(row.number(3)),
                                                     std::string(row.text(4)), std::string(row.text(5)),
                                                     static_cast<uint8_t>(row.number(6))};
    });
    return done ? result<void>() : done.failure();
  }

  std::optional<feed_event> complete(const bare_event& from) const {
    feed_event made;
    made.behind = from.behind;
    made.type = from.type;
    made.at = from.at;
    if (auto device = devices_.find(from.subject.device.value); device != devices_.end()) {
      made.device_id = device->second.id;
      made.gateway = device->second.gateway;
    }
    if (auto other = devices_.find(from.subject.other.value); other != devices_.end())
      made.other_device_id = other->second.id;
    if (auto of = notifications_.find(from.notification.value); of != notifications_.end()) {
      made.notification_id = of->second.id;
      made.external_id = of->second.external_id;
      if (from.type == event_type::notification_settled) made.state = of->second.state;
    } else if (outcome_of(from.type) || from.type == event_type::notification_settled) {
      return std::nullopt;
    }
    auto row = deliveries_.find({from.notification.value, from.subject.device.value});
    if (!outcome_of(from.type) || row == deliveries_.end()) return made;
    made.at = row->second.settled_at;
    made.attempts = row->second.attempts;
    made.code = row->second.code;
    made.gateway_message_id = row->second.gateway_message_id;
    if (row->second.gateway != 0) made.gateway = static_cast<gateway>(row->second.gateway);
    return made;
  }

  database::connection& on_;
  application_id app_;
  std::unordered_map<uint64_t, known_device> devices_;
  std::unordered_map<uint64_t, known_notification> notifications_;
  std::map<delivery_id, known_delivery> deliveries_;
};

}  // namespace

result<std::vector<feed_event>> read_details(database::connection& on, application_id app,
                                             const std::vector<bare_event>& events) {
  return details(on, app).of(events);
}

}  // namespace pusher
