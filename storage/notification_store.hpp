// Notifications in MariaDB: their rows are the authority over what is to be sent.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/device.hpp"
#include "model/job.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"
#include "model/results.hpp"
#include "model/retention.hpp"
#include "storage/database.hpp"

namespace pusher {

/// What a notification with a local time reaches next: the devices whose zones' moments are after `from` and
/// not after `due`.
struct fan_out_wave {
  unsigned number = 0;
  utc_ms from = 0, due = 0;
  utc_ms expires_at = 0;  ///< of its pushes
  wall_time local_time;
  std::string default_time_zone;
  utc_ms grace_ms = 0;  ///< zones whose moment was longer ago when it was launched are skipped
};

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
  std::optional<fan_out_wave> wave;
  size_t bytes = 0;      ///< of its draft and audience, as stored
  bool rebuilt = false;  ///< its journal was lost, and it begins anew: devices that have a row are left out
  uint64_t settled = 0;  ///< of a rebuilt one: how many have a row
  std::string id = {};   ///< as clients know it
};

/// How many targets a notification has in the end.
struct final_audience {
  notification_key key;
  uint64_t targets = 0;
};

/// A notification that fan-out has to work on.
struct fan_out_job {
  notification_key key;
  bool canceled = false;  ///< only its audience is to be closed
};

class notification_store {
 public:
  /// `idempotency_hours`: how long keys are known of applications that wish nothing else.
  explicit notification_store(database& db, unsigned idempotency_hours = retention().idempotency_hours)
      : db_(db), idempotency_hours_(idempotency_hours) {}

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
  struct wish {
    const notification_draft* draft = nullptr;
    std::optional<idempotency> once;
  };
  /// The same for several (at most 1,000), with an outcome for each, in order. Those that are to go at once
  /// are stored in one transaction, unless something stands against one of them: then each has its own.
  std::vector<result<created>> create(application_id app, const std::vector<wish>& all,
                                      const std::function<std::string(const notification&)>& render);
  result<notification> get(application_id app, const std::string& id);
  /// Those among them that have settled or are gone.
  result<std::set<notification_key>> settled_among(const std::vector<notification_key>& keys);
  /// Newest first; `before` = 0 for the first page.
  result<std::vector<notification>> list(application_id app, const notification_filter& wanted,
                                         notification_key before, size_t limit);
  /// draft or scheduled -> launched; sets launched_at, expires_at, the audience's last device and what its
  /// segments stand for. With an idempotency key a repeat gives the first answer's body. Errors: not_found,
  /// wrong_state (the sentence names the state), idempotency_mismatch.
  result<created> launch(application_id app, const std::string& id, const std::optional<idempotency>& once,
                         const std::function<std::string(const notification&)>& render,
                         const std::string& trace_parent = {});

  // -- the rest of its life (storage/notification_lifecycle.cpp). Errors of each: not_found, and wrong_state,
  // whose sentence names the state. --

  using edit = std::function<result<notification_draft>(const notification& now)>;
  using check = std::function<result<void>(const notification& now)>;
  /// A draft or scheduled notification becomes what `change` makes of it; an error of `change` changes
  /// nothing. With a scheduled time it is scheduled, else a draft. Errors: as create.
  result<notification> update(application_id app, const std::string& id, const edit& change);
  /// One that was not launched, or is settled. It is gone at once; its rows go by and by: see
  /// deleted_notifications.
  result<void> remove(application_id app, const std::string& id, const check& allowed);
  /// launched, sending -> paused.
  result<notification> pause(application_id app, const std::string& id);
  /// paused -> launched or sending.
  result<notification> resume(application_id app, const std::string& id);
  /// scheduled, launched, sending, paused -> canceled.
  result<notification> cancel(application_id app, const std::string& id);

  /// What the leader does now and then, by the database's clock.
  struct due_launches {
    size_t launched = 0, expired = 0, failed = 0;
    std::vector<std::pair<std::string, std::string>> unreadable;  ///< ids, and why; they stay scheduled
  };
  /// Launches what is due, hundreds in a transaction. Past its misfire grace it expires; when it cannot be
  /// launched any more, as a segment is gone, it is canceled with the reason.
  result<due_launches> launch_due(size_t most);
  /// Milliseconds until the next launch or wave is due; nothing when none is planned.
  result<std::optional<utc_ms>> next_due_in();
  /// Resumes what is paused beyond its time-to-live, so that its rest expires; how many.
  result<size_t> end_outlived_pauses();
  /// Which notifications are paused, or canceled and not settled: what Redis is to hold of them.
  result<std::map<notification_key, control>> controlled();

  /// Pushes a second, of the application's latest larger notifications without a rate the fastest; nothing
  /// when there is none.
  result<std::optional<double>> measured_speed(application_id app);

  // -- what fan-out does; each re-checks the lease's epoch in its transaction and fails with `fenced` --

  /// Notifications launched, sending or canceled, with fan-out not done; oldest first.
  result<std::vector<fan_out_job>> worklist(size_t limit);
  /// Reads these, oldest first, until so many bytes were read of them: those behind are left out. Errors of
  /// each: not_found, corrupt_data.
  result<std::vector<std::pair<notification_key, result<fan_out_task>>>> tasks(
      std::vector<notification_key> keys, size_t most_bytes);
  /// By which clients know it, e.g. for the log. Errors: not_found.
  result<std::string> id_of(notification_key key);
  /// launched -> sending; those that are sending now. The others are not under way any more.
  result<std::set<notification_key>> begin_sending(const std::vector<notification_key>& keys, uint64_t epoch);
  /// Writes the number of targets found so far.
  result<void> record_audience(notification_key key, uint64_t epoch, uint64_t audience);
  /// Fan-out of these is finished, in one transaction. One whose targets are all settled completes, one that
  /// is launched is sending. Once final an audience stays: a repeat changes nothing. `pages`: how many the
  /// journal had taken by then; a Redis that knows of fewer is an older one. Returns the ids of those that
  /// completed.
  result<std::vector<std::string>> conclude(std::vector<final_audience> audiences, uint64_t epoch,
                                            uint64_t pages = 0);
  /// The wave of this number is appended; the next one is due then. A repeat changes nothing.
  result<void> finish_wave(notification_key key, uint64_t epoch, uint64_t targets, unsigned wave,
                           utc_ms next_due, uint64_t pages = 0);
  /// Completes every notification that is done and settled, whatever kept it from completing before.
  result<size_t> sweep_completed();

  /// The journal was lost: fan-out of what is not settled begins anew, up to `most` notifications behind
  /// `after`. A repeat changes nothing.
  struct begun_anew {
    size_t notifications = 0;
    uint64_t settled = 0;  ///< their targets that have a row
    notification_key last;
    bool more = false;
  };
  result<begun_anew> begin_anew(uint64_t epoch, notification_key after, size_t most);

  /// The devices from `first` to `last` that have a row of the notification, in order.
  result<std::vector<device_key>> settled_devices(notification_key key, device_key first, device_key last);

  /// What senders need; used to put the content into Redis again when it is gone.
  result<message> load_message(notification_key key);

 private:
  database& db_;
  const unsigned idempotency_hours_;
};

}  // namespace pusher
