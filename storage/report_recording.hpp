// Recording reports within the caller's transaction.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/results.hpp"
#include "storage/connection.hpp"
#include "storage/feed_rows.hpp"

namespace pusher {

/// The row (notification, device, type) is the only key of deduplication, as with deliveries.
class report_recording {
 public:
  report_recording(database::connection& on, application_id app, const std::vector<client_report>& reports)
      : on_(on), app_(app), reports_(reports), results_(reports.size()) {}

  result<std::vector<recorded_report>> run();
  /// Whether a failure came from a row that another transaction made meanwhile: run it all again.
  bool raced() const { return raced_; }

 private:
  struct report_key {
    notification_key notification;
    device_key device;
    device_event_type type = device_event_type::received;
    friend bool operator<(const report_key& a, const report_key& b) {
      return std::tie(a.notification, a.device, a.type) < std::tie(b.notification, b.device, b.type);
    }
  };
  result<void> find_devices();
  result<void> find_notifications();
  void sort_out();
  result<void> leave_out_existing();
  result<void> insert();
  result<void> write_unbound();
  result<void> touch_devices();
  result<void> add_counts();
  result<void> read_clock();

  database::connection& on_;
  const application_id app_;
  const std::vector<client_report>& reports_;
  std::vector<recorded_report> results_;
  std::unordered_map<std::string, device_key> devices_;
  std::unordered_map<std::string, notification_key> notifications_;
  std::map<report_key, size_t> fresh_;           ///< with the first report of it
  std::vector<std::pair<size_t, size_t>> same_;  ///< a report, and the one before it that says the same
  std::vector<size_t> unbound_;                  ///< reports without a notification
  feed_rows feed_;
  utc_ms now_ = 0;
  bool raced_ = false;
};

}  // namespace pusher
