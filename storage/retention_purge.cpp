#include "storage/retention_purge.hpp"

#include <algorithm>
#include <string>

#include "storage/application_store.hpp"
#include "storage/device_erasure.hpp"
#include "storage/event_feed.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

using state = notification_state;

constexpr size_t applications_per_read = 1000;

sql_parameters as_list(sql_parameters before, const std::vector<uint64_t>& keys) {
  add_padded(before, keys.begin(), keys.end());
  return before;
}

std::string in_list(const char* column, size_t count) {
  return std::string(column) + " IN (" + placeholders(count) + ")";
}

/// Locks what is still so: a device that has registered again meanwhile stays.
result<std::vector<std::string>> lock_disabled(database::connection& on, application_id app,
                                               const std::vector<uint64_t>& keys, utc_ms before) {
  std::vector<std::string> ids;
  auto parameters = as_list({app, before}, keys);
  auto read = on.query("locking disabled devices",
                       "SELECT device_id FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND "
                       "disabled > 0 AND disabled_at < ? AND " +
                           in_list("id", keys.size()) + " FOR UPDATE",
                       parameters, [&](const sql_row& row) { ids.emplace_back(row.text(0)); });
  if (!read) return read.failure();
  return ids;
}

}  // namespace

result<void> retention_purge::begin() {
  terms_.clear();
  application_store applications(db_);
  for (application_id behind;;) {
    auto some = applications.list(behind, applications_per_read);
    if (!some) return some.failure();
    for (const auto& each : *some)
      terms_.push_back({each.key, each.kept.over(usual_)});
    if (some->size() < applications_per_read) break;
    behind = some->back().key;
  }
  auto read = with_connection(db_, [this](database::connection& on) {
    return on.query("reading the clock", "SELECT " + database_now, {},
                    [this](const sql_row& row) { now_ = row.time(0); });
  });
  if (!read) return read.failure();
  stage_ = stage::notifications;
  at_ = cursor_ = 0;
  done_ = {};
  return {};
}

result<bool> retention_purge::step(size_t most_rows) {
  if (stage_ == stage::ended) return false;
  if (of_each_application() && at_ == terms_.size()) {
    go_on_behind();
    return stage_ != stage::ended;
  }
  auto more = look_further(most_rows);
  if (!more) return more.failure();
  if (*more) return true;
  cursor_ = 0;
  if (of_each_application())
    ++at_;
  else
    go_on_behind();
  return stage_ != stage::ended;
}

void retention_purge::go_on_behind() {
  stage_ = static_cast<stage>(static_cast<uint8_t>(stage_) + 1);
  at_ = cursor_ = 0;
}

result<bool> retention_purge::look_further(size_t most_rows) {
  most_rows = std::min(most_rows, rows_per_list);
  switch (stage_) {
    case stage::notifications:
      return delete_notifications(terms_[at_], most_rows);
    case stage::feed:
      return purge_feed(terms_[at_]);
    case stage::history:
      return purge_history(most_rows);
    case stage::devices:
      return purge_devices(terms_[at_], most_rows);
    case stage::idempotency_keys:
      return purge_idempotency_keys(most_rows);
    case stage::ended:
      break;
  }
  return false;
}

const retention_purge::term* retention_purge::term_of(uint64_t app) const {
  auto found = std::lower_bound(terms_.begin(), terms_.end(), app,
                                [](const term& each, uint64_t value) { return each.app.value < value; });
  return found != terms_.end() && found->app.value == app ? &*found : nullptr;
}

/// By key, which is nearly the order of time: nothing that was made since then can have settled before then,
/// and beyond the first such one all are younger. So no index by time is needed, which every push of a
/// single device would pay for.
result<bool> retention_purge::delete_notifications(const term& of, size_t most_rows) {
  auto before = days_ago(of.kept.notification_days);
  if (before <= 0) return false;
  return with_connection(db_, [&](database::connection& on) -> result<bool> {
    std::vector<uint64_t> old;
    bool young = false;
    auto read = on.query("looking for old notifications",
                         "SELECT id, created_at, completed_at FROM notifications FORCE INDEX "
                         "(by_application) WHERE application_id = ? AND id > ? ORDER BY id LIMIT ?",
                         {of.app, cursor_, most_rows}, [&](const sql_row& row) {
                           young = row.time(1) >= before;
                           if (young) return false;
                           cursor_ = row.number(0);
                           if (row.time(2) > 0 && row.time(2) < before) old.push_back(cursor_);
                           return true;
                         });
    if (!read) return read.failure();
    if (!old.empty()) {
      // As a client deletes one: nobody finds it any more. What is not settled has no such time, or is in
      // another state.
      auto gone = on.execute(
          "deleting old notifications",
          "UPDATE notifications SET state = ?, application_id = 0, external_id = NULL, control = 0, due_at "
          "= 0 WHERE completed_at > 0 AND completed_at < ? AND fan_out_done = 1 AND state IN (?, ?, ?) AND " +
              in_list("id", old.size()),
          as_list({number(state::deleted), before, number(state::completed), number(state::expired),
                   number(state::canceled)},
                  old));
      if (!gone) return gone.failure();
      done_.notifications += *gone;
    }
    return !young && *read == most_rows;
  });
}

result<bool> retention_purge::purge_feed(const term& of) {
  auto before = days_ago(of.kept.event_days);
  if (before <= 0) return false;
  auto gone = event_feed(db_).purge(of.app, before);
  if (!gone) return gone.failure();
  done_.feed_rows += *gone;
  return *gone >= event_feed::rows_per_purge;
}

/// In the order in which they were written, as far as the shortest term reaches back. Those of an application
/// that keeps them longer are passed by once a round.
result<bool> retention_purge::purge_history(size_t most_rows) {
  utc_ms newest = 0;
  for (const auto& each : terms_)
    newest = std::max(newest, days_ago(each.kept.event_days));
  if (newest <= 0) return false;
  return with_connection(db_, [&](database::connection& on) -> result<bool> {
    std::vector<uint64_t> old;
    bool young = false;
    auto read = on.query("looking for old entries of histories",
                         "SELECT id, application_id, at FROM device_events WHERE id > ? ORDER BY id LIMIT ?",
                         {cursor_, most_rows}, [&](const sql_row& row) {
                           young = row.time(2) >= newest;
                           if (young) return false;
                           cursor_ = row.number(0);
                           const auto* of = term_of(row.number(1));
                           if (of != nullptr && row.time(2) < days_ago(of->kept.event_days))
                             old.push_back(cursor_);
                           return true;
                         });
    if (!read) return read.failure();
    if (!old.empty()) {
      auto gone =
          on.execute("purging histories", "DELETE FROM device_events WHERE " + in_list("id", old.size()),
                     as_list({}, old));
      if (!gone) return gone.failure();
      done_.history += *gone;
    }
    return !young && *read == most_rows;
  });
}

/// Past every device once a round, as no index tells which are disabled.
result<bool> retention_purge::purge_devices(const term& of, size_t most_rows) {
  auto before = days_ago(of.kept.disabled_device_days);
  if (before <= 0) return false;
  std::vector<uint64_t> old;
  auto read = with_connection(db_, [&](database::connection& on) {
    return on.query("looking for disabled devices",
                    "SELECT id, disabled > 0 AND disabled_at > 0 AND disabled_at < ? FROM devices FORCE "
                    "INDEX (PRIMARY) WHERE application_id = ? AND id > ? ORDER BY id LIMIT ?",
                    {before, of.app, cursor_, most_rows}, [&](const sql_row& row) {
                      cursor_ = row.number(0);
                      if (row.number(1) != 0) old.push_back(cursor_);
                    });
  });
  if (!read) return read.failure();
  if (!old.empty()) {
    auto erased = transact(db_, [&](database::connection& on) -> result<uint64_t> {
      auto ids = lock_disabled(on, of.app, old, before);
      if (!ids) return ids.failure();
      auto gone = erase_devices(on, of.app, device_column::device_id, *ids, ids->size());
      if (!gone) return gone.failure();
      return gone->devices;
    });
    if (!erased) return erased.failure();
    done_.devices += *erased;
  }
  return *read == most_rows;
}

/// In the order of their age, as far as the shortest term reaches back; many of the same moment that fill a
/// step are left to the next round.
result<bool> retention_purge::purge_idempotency_keys(size_t most_rows) {
  utc_ms newest = 0;
  for (const auto& each : terms_)
    newest = std::max(newest, hours_ago(each.kept.idempotency_hours));
  std::map<uint64_t, std::vector<std::string>> old;
  return with_connection(db_, [&](database::connection& on) -> result<bool> {
    auto from = cursor_;
    auto read =
        on.query("looking for old idempotency keys",
                 "SELECT created_at, application_id, idempotency_key FROM idempotency_keys FORCE "
                 "INDEX (by_age) WHERE created_at >= ? AND created_at < ? ORDER BY created_at LIMIT ?",
                 {from, newest, most_rows}, [&](const sql_row& row) {
                   cursor_ = row.number(0);
                   const auto* of = term_of(row.number(1));
                   if (of != nullptr && row.time(0) < hours_ago(of->kept.idempotency_hours))
                     old[row.number(1)].emplace_back(row.text(2));
                 });
    if (!read) return read.failure();
    if (cursor_ == from) ++cursor_;
    for (const auto& [app, keys] : old) {
      // A key that was used again since is young.
      sql_parameters parameters{app, hours_ago(term_of(app)->kept.idempotency_hours)};
      add_padded(parameters, keys.begin(), keys.end());
      auto gone = on.execute("forgetting idempotency keys",
                             "DELETE FROM idempotency_keys WHERE application_id = ? AND created_at < ? AND " +
                                 in_list("idempotency_key", keys.size()),
                             parameters);
      if (!gone) return gone.failure();
      done_.idempotency_keys += *gone;
    }
    return *read == most_rows;
  });
}

}  // namespace pusher
