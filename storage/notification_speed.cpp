// How fast notifications went lately.
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t looked_back = 1000;      // notifications; most may be for one device each
constexpr size_t smallest_audience = 1000;  // of fewer, the time says nothing about the rate
constexpr size_t samples = 5;

}  // namespace

result<std::optional<double>> notification_store::measured_speed(application_id app) {
  // One with a rate of its own says nothing about what would be possible.
  static const std::string sql =
      "SELECT audience_count, completed_at - launched_at FROM (SELECT id, state, audience_count, "
      "launched_at, completed_at FROM notifications WHERE application_id = ? ORDER BY id DESC LIMIT ?) AS "
      "recent WHERE state = ? AND audience_count >= ? AND completed_at > launched_at AND NOT EXISTS (SELECT 1 "
      "FROM notifications AS own WHERE own.id = recent.id AND own.draft LIKE '%\"rate_per_second\":%') ORDER "
      "BY id DESC LIMIT ?";
  return with_connection(db_, [&](database::connection& on) -> result<std::optional<double>> {
    std::optional<double> fastest;
    auto read = on.query("measuring notifications", sql,
                         {app, looked_back, number(notification_state::completed), smallest_audience, samples},
                         [&](const sql_row& row) {
                           auto speed = static_cast<double>(row.number(0)) * 1000.0 /
                                        static_cast<double>(row.number(1));
                           fastest = std::max(fastest.value_or(0), speed);
                         });
    if (!read) return read.failure();
    return fastest;
  });
}

}  // namespace pusher
