// The steps of a notification's life after its creation.
#include "storage/application_store.hpp"
#include "storage/draft_codec.hpp"
#include "storage/notification_launch.hpp"
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

using state = notification_state;

unsigned number(control value) {
  return static_cast<unsigned>(value);
}

result<notification> lock(database::connection& on, application_id app, const std::string& id) {
  return read_one(on, "public_id = ? AND application_id = ? FOR UPDATE", {id, app});
}

bool waits(state now) {
  return now == state::draft || now == state::scheduled;
}

bool under_way(state now) {
  return now == state::launched || now == state::sending;
}

result<notification> reread(database::connection& on, notification_key key, const result<uint64_t>& written) {
  if (!written) return written.failure();
  return read_one(on, "id = ?", {key});
}

result<void> cancel_before_launch(database::connection& on, notification_key key) {
  if (auto done = set_canceled_before_launch(on, key, ""); !done) return done;
  return tell_settled(on, key);
}

}  // namespace

result<notification> notification_store::update(application_id app, const std::string& id,
                                                const edit& change) {
  return transact(db_, [&](database::connection& on) -> result<notification> {
    auto now = lock(on, app, id);
    if (!now) return now;
    auto draft = change(*now);
    if (!draft) return draft.failure();
    if (!waits(now->state)) return wrong_state(now->state, "only a draft or a scheduled one can be changed");
    if (auto good = check_waiting(on, app, *draft); !good) return good.failure();
    auto written = on.execute(
        "changing a notification",
        "UPDATE notifications SET state = ?, revision = revision + 1, lane = ?, external_id = ?, "
        "ttl_seconds = ?, draft = ?, audience = ?, due_at = ?, misfire_grace_seconds = ? WHERE id = ?",
        {number(waiting_state(*draft)), static_cast<unsigned>(draft->lane), draft->external_id,
         draft->ttl_seconds, encode_draft(*draft), encode_audience(draft->audience), due_of(*draft),
         draft->misfire_grace_seconds, now->key});
    if (!written && on.duplicate())
      return error{errc::conflict, "Another notification has this external_id", "/external_id", 0};
    return reread(on, now->key, written);
  });
}

result<void> notification_store::remove(application_id app, const std::string& id, const check& allowed) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto now = lock(on, app, id);
    if (!now) return now.failure();
    if (auto good = allowed(*now); !good) return good;
    if (now->state == state::canceled && !now->settled())
      return wrong_state(now->state, "its last pushes are not settled yet, it can be deleted after that");
    if (under_way(now->state) || now->state == state::paused)
      return wrong_state(now->state, "cancel it before deleting it");
    // Without its application and ids nobody finds it.
    auto gone = on.execute("deleting a notification",
                           "UPDATE notifications SET state = ?, application_id = 0, external_id = NULL, "
                           "control = 0, due_at = 0 WHERE id = ?",
                           {number(state::deleted), now->key});
    return gone ? result<void>() : gone.failure();
  });
}

result<notification> notification_store::pause(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<notification> {
    auto now = lock(on, app, id);
    if (!now) return now;
    if (!under_way(now->state))
      return wrong_state(now->state, "only a launched or sending one can be paused");
    return reread(on, now->key,
                  on.execute("pausing a notification",
                             "UPDATE notifications SET state = ?, revision = revision + 1, control = ? "
                             "WHERE id = ?",
                             {number(state::paused), number(control::paused), now->key}));
  });
}

result<notification> notification_store::resume(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<notification> {
    auto now = lock(on, app, id);
    if (!now) return now;
    if (now->state != state::paused) return wrong_state(now->state, "only a paused one can be resumed");
    auto begun = now->fan_out_done || now->audience > 0;
    auto written =
        on.execute("resuming a notification",
                   "UPDATE notifications SET state = ?, revision = revision + 1, control = 0 WHERE id = ?",
                   {number(begun ? state::sending : state::launched), now->key});
    if (!written) return written.failure();
    // Its last push may have been settled while it was paused.
    if (auto completed = complete_and_tell(on, now->key); !completed) return completed.failure();
    return read_one(on, "id = ?", {now->key});
  });
}

result<notification> notification_store::cancel(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<notification> {
    auto now = lock(on, app, id);
    if (!now) return now;
    if (now->state == state::scheduled) {
      if (auto done = cancel_before_launch(on, now->key); !done) return done.failure();
      return read_one(on, "id = ?", {now->key});
    }
    if (!under_way(now->state) && now->state != state::paused)
      return wrong_state(now->state, "only a scheduled, launched, sending or paused one can be canceled");
    auto written = on.execute("canceling a notification",
                              "UPDATE notifications SET state = ?, revision = revision + 1, control = ?, "
                              "canceled_at = " +
                                  database_now + " WHERE id = ?",
                              {number(state::canceled), number(control::canceled), now->key});
    if (!written) return written.failure();
    if (auto completed = complete_and_tell(on, now->key); !completed) return completed.failure();
    return read_one(on, "id = ?", {now->key});
  });
}

result<size_t> notification_store::end_outlived_pauses() {
  return with_connection(db_, [&](database::connection& on) -> result<size_t> {
    auto ended = on.execute("ending pauses",
                            "UPDATE notifications SET state = ?, revision = revision + 1, control = 0 "
                            "WHERE control = ? AND state = ? AND expires_at <= " +
                                database_now,
                            {number(state::sending), number(control::paused), number(state::paused)});
    if (!ended) return ended.failure();
    return static_cast<size_t>(*ended);
  });
}

result<std::map<notification_key, control>> notification_store::controlled() {
  return with_connection(db_, [&](database::connection& on) -> result<std::map<notification_key, control>> {
    std::map<notification_key, control> found;
    auto read = on.query(
        "reading what is paused or canceled", "SELECT id, control FROM notifications WHERE control > 0", {},
        [&](const sql_row& row) { found[{row.number(0)}] = static_cast<control>(row.number(1)); });
    if (!read) return read.failure();
    // What a suspended application has under way is held like a paused notification, until its time-to-live
    // ends; its state stays what it was.
    read = on.query("reading what is suspended",
                    "SELECT n.id FROM applications a JOIN notifications n ON n.application_id = a.id WHERE "
                    "a.suspended_at > 0 AND n.state IN (?, ?) AND n.control = 0 AND n.expires_at > " +
                        database_now,
                    {number(state::launched), number(state::sending)},
                    [&](const sql_row& row) { found[{row.number(0)}] = control::paused; });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace pusher
