#include "storage/feed_rows.hpp"

namespace pusher {

namespace {

constexpr size_t most_subjects = 8000;  // a row is read as a whole

result<uint64_t> take_numbers(database::connection& on, application_id app, size_t count) {
  auto taken = on.execute("numbering the feed",
                          "INSERT INTO feed_heads (application_id, head) VALUES (?, LAST_INSERT_ID(?)) "
                          "ON DUPLICATE KEY UPDATE head = LAST_INSERT_ID(head + ?)",
                          {app, count, count});
  if (!taken) return taken.failure();
  return on.last_insert_id() - count + 1;
}

}  // namespace

void feed_rows::add(application_id app, event_type type, notification_key notification, device_key device,
                    device_key other) {
  auto& rows = applications_[app];
  if (rows.empty() || rows.back().subjects >= most_subjects) rows.emplace_back();
  auto& into = rows.back();
  auto& last = into.last_of_type[static_cast<size_t>(type)];
  if (last == 0 || into.groups[last - 1].notification != notification) {
    into.groups.push_back({type, notification, {}});
    last = into.groups.size();
  }
  into.groups[last - 1].subjects.push_back({device, other});
  ++into.subjects;
}

result<void> feed_rows::write(database::connection& on) {
  for (const auto& [app, rows] : applications_)
    if (auto done = write_of(on, app, rows); !done) return done;
  applications_.clear();
  return {};
}

result<void> feed_rows::write_of(database::connection& on, application_id app, const std::vector<row>& rows) {
  static const std::string sql =
      "INSERT INTO feed (application_id, number, at, payload) VALUES (?, ?, " + database_now + ", ?)";
  auto number = take_numbers(on, app, rows.size());
  if (!number) return number.failure();
  for (const auto& each : rows) {
    auto payload = encode(each.groups);
    auto written = on.execute("writing the feed", sql, {app, (*number)++, payload});
    if (!written) return written.failure();
  }
  return {};
}

}  // namespace pusher
