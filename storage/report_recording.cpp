#include "storage/report_recording.hpp"

#include <algorithm>

#include "storage/device_event_rows.hpp"

namespace pusher {

namespace {

constexpr size_t list_length = 1000;
using column = bulk_rows::kind;

/// Asks for ids in lists; `visit` gets each row.
template <class Visit>
result<void> look_up(database::connection& on, const char* doing, const std::string& select,
                     application_id app, std::vector<std::string_view> ids, Visit visit) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (size_t from = 0; from < ids.size(); from += list_length) {
    auto to = std::min(from + list_length, ids.size());
    sql_parameters parameters{app};
    add_padded(parameters, ids.begin() + static_cast<long>(from), ids.begin() + static_cast<long>(to));
    auto read = on.query(doing, select + " IN (" + placeholders(to - from) + ")", parameters, visit);
    if (!read) return read.failure();
  }
  return {};
}

}  // namespace

result<std::vector<recorded_report>> report_recording::run() {
  // In the order in which results are recorded too: rows, devices, counts, feed. So the two never wait for
  // each other in a circle.
  for (auto step : {&report_recording::read_clock, &report_recording::find_devices,
                    &report_recording::find_notifications})
    if (auto done = (this->*step)(); !done) return done.failure();
  sort_out();
  for (auto step :
       {&report_recording::leave_out_existing, &report_recording::insert, &report_recording::write_unbound,
        &report_recording::touch_devices, &report_recording::add_counts})
    if (auto done = (this->*step)(); !done) return done.failure();
  if (auto told = feed_.write(on_); !told) return told.failure();
  for (auto [report, first] : same_)
    results_[report] = {report_status::repeated, results_[first].at};
  return std::move(results_);
}

result<void> report_recording::read_clock() {
  auto read = on_.query("reading the clock", "SELECT " + database_now, {},
                        [this](const sql_row& row) { now_ = row.time(0); });
  return read ? result<void>() : read.failure();
}

result<void> report_recording::find_devices() {
  std::vector<std::string_view> ids;
  for (const auto& each : reports_)
    ids.push_back(each.device_id);
  return look_up(
      on_, "finding devices",
      "SELECT id, device_id FROM devices FORCE INDEX (by_device) WHERE application_id = ? AND device_id",
      app_, std::move(ids),
      [this](const sql_row& row) { devices_[std::string(row.text(1))] = {row.number(0)}; });
}

result<void> report_recording::find_notifications() {
  std::vector<std::string_view> ids;
  for (const auto& each : reports_)
    if (each.notification_id) ids.push_back(*each.notification_id);
  return look_up(
      on_, "finding notifications",
      "SELECT id, public_id FROM notifications FORCE INDEX (by_public_id) WHERE application_id = ? AND "
      "public_id",
      app_, std::move(ids),
      [this](const sql_row& row) { notifications_[std::string(row.text(1))] = {row.number(0)}; });
}

void report_recording::sort_out() {
  for (size_t i = 0; i < reports_.size(); ++i) {
    const auto& each = reports_[i];
    auto device = devices_.find(each.device_id);
    if (device == devices_.end()) {
      results_[i].status = report_status::no_such_device;
      continue;
    }
    results_[i].at = now_;
    if (!each.notification_id) {
      unbound_.push_back(i);
      continue;
    }
    auto notification = notifications_.find(*each.notification_id);
    if (notification == notifications_.end()) {
      results_[i] = {report_status::no_such_notification, 0};
      continue;
    }
    auto [known, fresh] = fresh_.try_emplace({notification->second, device->second, each.type}, i);
    if (!fresh) same_.emplace_back(i, known->second);
  }
}

/// Locks the rows that exist, so that one which is being written by another transaction is waited for.
result<void> report_recording::leave_out_existing() {
  for (auto first = fresh_.begin(); first != fresh_.end();) {
    auto notification = first->first.notification;
    sql_parameters parameters{notification};
    std::vector<device_key> devices;
    auto last = first;
    for (; last != fresh_.end() && last->first.notification == notification && devices.size() < list_length;
         ++last)
      if (devices.empty() || devices.back() != last->first.device) devices.push_back(last->first.device);
    add_padded(parameters, devices.begin(), devices.end());
    first = last;
    auto read = on_.query(
        "reading reports",
        "SELECT device_id, type, at FROM reports FORCE INDEX (PRIMARY) WHERE notification_id = ? "
        "AND device_id IN (" +
            placeholders(devices.size()) + ") FOR UPDATE",
        parameters, [&](const sql_row& row) {
          auto known =
              fresh_.find({notification, {row.number(0)}, static_cast<device_event_type>(row.number(1))});
          if (known == fresh_.end()) return;
          results_[known->second] = {report_status::repeated, row.time(2)};
          known->second = reports_.size();
        });
    if (!read) return read.failure();
  }
  for (auto each = fresh_.begin(); each != fresh_.end();)
    each = each->second == reports_.size() ? fresh_.erase(each) : std::next(each);
  return {};
}

result<void> report_recording::insert() {
  bulk_rows rows({column::number, column::number, column::number, column::number});
  for (const auto& [each, report] : fresh_) {
    rows.add(each.notification.value)
        .add(each.device.value)
        .add(static_cast<uint64_t>(each.type))
        .add(static_cast<uint64_t>(now_));
    feed_.add(app_, event_of(each.type), each.notification, each.device);
  }
  auto inserted = on_.execute_bulk(
      "recording reports",
      "INSERT IGNORE INTO reports (notification_id, device_id, type, at) VALUES (?, ?, ?, ?)", rows);
  if (!inserted) return inserted.failure();
  if (*inserted == fresh_.size()) return {};
  raced_ = true;
  return error{errc::internal, "Some of the reports have rows already", "", 0};
}

/// Those about no notification stand in the devices' histories only.
result<void> report_recording::write_unbound() {
  std::vector<new_device_event> events;
  for (auto i : unbound_)
    events.push_back({devices_.at(reports_[i].device_id), reports_[i].type, {}, {}, now_});
  return write_device_events(on_, app_, events, feed_);
}

result<void> report_recording::touch_devices() {
  std::vector<device_key> seen;
  for (const auto& [id, key] : devices_)
    seen.push_back(key);
  std::sort(seen.begin(), seen.end());
  for (size_t from = 0; from < seen.size(); from += list_length) {
    auto to = std::min(from + list_length, seen.size());
    sql_parameters parameters{app_};
    add_padded(parameters, seen.begin() + static_cast<long>(from), seen.begin() + static_cast<long>(to));
    auto done = on_.execute("noting that devices were seen",
                            "UPDATE devices SET last_seen_at = " + database_now +
                                " WHERE application_id = ? AND id IN (" + placeholders(to - from) +
                                ") AND last_seen_at <= " + database_now + " - " +
                                std::to_string(last_seen_precision_ms),
                            parameters);
    if (!done) return done.failure();
  }
  return {};
}

result<void> report_recording::add_counts() {
  for (auto first = fresh_.begin(); first != fresh_.end();) {
    uint64_t received = 0, opened = 0;
    auto last = first;
    for (; last != fresh_.end() && last->first.notification == first->first.notification; ++last)
      ++(last->first.type == device_event_type::opened ? opened : received);
    auto added = on_.execute("counting reports",
                             "UPDATE notifications SET count_received = count_received + ?, count_opened = "
                             "count_opened + ? WHERE id = ?",
                             {received, opened, first->first.notification});
    if (!added) return added.failure();
    first = last;
  }
  return {};
}

}  // namespace pusher
