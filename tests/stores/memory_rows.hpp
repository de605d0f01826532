// MariaDB's rows in memory, as far as the pipeline sees them: devices, notifications, deliveries, the lease.
// What a transaction does is one call here.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/device.hpp"
#include "model/job.hpp"
#include "model/notification.hpp"
#include "storage/delivery_store.hpp"
#include "storage/device_store.hpp"
#include "storage/notification_store.hpp"
#include "tests/unit/actors/store_models.hpp"

namespace pusher::testing {

class memory_rows {
 public:
  struct row {
    notification_key key;
    notification_draft draft;
    notification_state state = notification_state::draft;
    std::optional<control> told;
    device_key last_device;
    bool fan_out_done = false;
    uint64_t audience = 0;
    outcome_counts counts;
    utc_ms due_at = 0, launched_at = 0, expires_at = 0, canceled_at = 0, completed_at = 0;
  };
  using delivery_key = std::pair<notification_key, device_key>;

  explicit memory_rows(std::function<utc_ms()> clock) : clock_(std::move(clock)) {}

  // -- what clients do --
  device_key add_device(gateway through, bool odd);
  /// Launched at once, or at `due_at`.
  notification_key add(notification_draft draft, utc_ms due_at = 0);
  // False when its state does not allow it.
  bool pause(notification_key key);
  bool resume(notification_key key);
  bool cancel(notification_key key);

  // -- what fan-out does: see notification_store --
  std::vector<fan_out_job> worklist(size_t limit) const;
  std::vector<std::pair<notification_key, result<fan_out_task>>> tasks(
      std::vector<notification_key> keys) const;
  result<std::set<notification_key>> begin_sending(const std::vector<notification_key>& keys, uint64_t epoch);
  result<void> record_audience(notification_key key, uint64_t epoch, uint64_t audience);
  result<void> conclude(const std::vector<final_audience>& audiences, uint64_t epoch);
  size_t sweep_completed();
  notification_store::due_launches launch_due(size_t most);
  std::optional<utc_ms> next_due_in() const;
  size_t end_outlived_pauses();
  std::map<notification_key, control> controlled() const;
  page_end read(device_key after, device_key last, const page_bounds& bounds,
                const std::function<bool(const device_row&)>& wanted,
                const std::function<void(const device_row&)>& visit) const;

  // -- what result-writers do: see delivery_store --
  delivery_store::recorded record(const std::vector<result_batch>& batches);

  const std::map<notification_key, row>& notifications() const { return notifications_; }
  const std::map<delivery_key, push_result>& deliveries() const { return deliveries_; }
  const std::deque<device_row>& devices() const { return devices_; }

  lease_model lease;
  std::function<void(const row& now, notification_state before)> changed;  ///< of each change of a state

 private:
  void change(row& of, notification_state to);
  bool complete_if_settled(row& of);
  result<void> check_epoch(uint64_t epoch) const;

  std::function<utc_ms()> clock_;
  std::map<notification_key, row> notifications_;
  std::map<delivery_key, push_result> deliveries_;
  std::deque<device_row> devices_;  ///< in key order
  std::deque<std::string> names_;
};

}  // namespace pusher::testing
