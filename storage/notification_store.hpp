// Notifications in MariaDB: their rows are the authority over what is to be sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/device.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

/// What fan-out needs to know of a notification under way.
struct fan_out_task {
  notification_key key;
  application_id application;
  pusher::lane lane = lane::campaign;
  pusher::audience audience;
  device_key last_device;  ///< the audience is among the devices that existed at launch
  pusher::message message;
  notification_state state = notification_state::launched;
  utc_ms launched_at = 0;  ///< the moment for which its condition is judged
};

class notification_store {
 public:
  explicit notification_store(database& db) : db_(db) {}

  struct idempotency {
    std::string key;
    sha256_digest request{};
  };
  struct created {
    notification value;
    std::optional<std::string> replayed_body;  ///< set when the key was used before with the same request
  };
  /// One transaction: the row (launched at once when the draft says so) and the idempotency key with the body
  /// that `render` makes. Errors: idempotency_mismatch, conflict (external_id taken), invalid_condition (a
  /// segment of the audience).
  result<created> create(application_id app, const notification_draft& draft,
                         const std::optional<idempotency>& once,
                         const std::function<std::string(const notification&)>& render);
  result<notification> get(application_id app, const std::string& id);
  /// Newest first; `before` = 0 for the first page.
  result<std::vector<notification>> list(application_id app, std::optional<notification_state> state,
                                         notification_key before, size_t limit);
  /// draft -> launched; sets launched_at, expires_at, the audience's last device and what its segments stand
  /// for. With an idempotency key a repeat gives the first answer's body. Errors: not_found, wrong_state (the
  /// sentence names the state), idempotency_mismatch.
  result<created> launch(application_id app, const std::string& id, const std::optional<idempotency>& once,
                         const std::function<std::string(const notification&)>& render);
  /// Deletes up to `most` idempotency keys older than a day; how many.
  result<size_t> forget_old_idempotency_keys(size_t most);

  // -- what fan-out does; each re-checks the lease's epoch in its transaction and fails with `fenced` --

  /// Notifications launched, sending, with fan-out not done; oldest first.
  result<std::vector<notification_key>> worklist(size_t limit);
  result<fan_out_task> task(notification_key key);
  /// launched -> sending.
  result<void> begin_sending(notification_key key, uint64_t epoch);
  /// Writes the number of targets found so far; with `done` fan-out is finished, and a notification whose
  /// targets are all settled completes.
  result<void> record_audience(notification_key key, uint64_t epoch, uint64_t audience, bool done);
  /// Completes every notification that is done and settled, whatever kept it from completing before.
  result<size_t> sweep_completed();

  /// What senders need; used to put the content into Redis again when it is gone.
  result<message> load_message(notification_key key);

 private:
  database& db_;
};

}  // namespace pusher
