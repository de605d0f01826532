// What is launched because its time has come: many at a time, as campaigns are scheduled for full hours.
#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "storage/application_store.hpp"
#include "storage/draft_codec.hpp"
#include "storage/fail_point.hpp"
#include "storage/feed_rows.hpp"
#include "storage/key_condition.hpp"
#include "storage/notification_launch.hpp"
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

using state = notification_state;

/// One transaction's worth of what is due. All of one moment share a commit, and those of one application
/// whose audience needs nothing written out share the statement.
class due_launch {
 public:
  explicit due_launch(database::connection& on) : on_(on) {}

  result<notification_store::due_launches> run(const std::vector<notification_key>& keys) {
    if (auto locked = lock(keys); !locked) return locked.failure();
    for (const auto& each : due_)
      if (auto done = judge(each); !done) return done.failure();
    if (auto done = launch_alike(); !done) return done.failure();
    if (auto done = let_pass(); !done) return done.failure();
    if (auto told = feed_.write(on_); !told) return told.failure();  // the transaction's last write
    return made_;
  }

 private:
  /// Whether it is still due is judged under the lock: it may have been changed or launched by hand.
  result<void> lock(const std::vector<notification_key>& keys) {
    auto asked = on_.query("reading the clock", "SELECT " + database_now, {},
                           [&](const sql_row& row) { now_ = row.time(0); });
    if (!asked) return asked.failure();
    key_condition these(keys);
    sql_parameters parameters;
    these.add_to(parameters);
    parameters.emplace_back(number(state::scheduled));
    parameters.emplace_back(now_);
    auto read = on_.query("reading what is due",
                          select_notification + "FORCE INDEX (PRIMARY) WHERE " + these.sql() +
                              " AND state = ? AND due_at <= ? ORDER BY id FOR UPDATE",
                          parameters, [&](const sql_row& row) {
                            if (auto one = read_notification(row))
                              due_.push_back(std::move(*one));
                            else
                              made_.unreadable.emplace_back(std::string(row.text(1)), one.failure().detail);
                          });
    if (!read) return read.failure();
    fail_point("schedule.due_taken");
    return {};
  }

  result<void> judge(const notification& each) {
    if (deadline_of(each.draft) + utc_ms{each.draft.misfire_grace_seconds} * 1000 < now_) {
      passed_.push_back(each.key);
      feed_.add(each.application, event_type::notification_settled, each.key, {});
      ++made_.expired;
      return {};
    }
    auto where = condition_by_now(on_, each.application, each.draft.audience);
    if (!where && where.failure().code == errc::corrupt_data) {
      made_.unreadable.emplace_back(each.id, where.failure().detail);
      return {};
    }
    if (!where && where.failure().code == errc::invalid_condition) return fail(each, where.failure());
    if (!where) return where.failure();
    ++made_.launched;
    if (!*where && !each.draft.local_time) {
      alike_[each.application].push_back(each.key);
      return {};
    }
    return set_launched(on_, each.application, each.key, each.draft);
  }

  /// A segment that its audience names is gone.
  result<void> fail(const notification& each, const error& why) {
    ++made_.failed;
    feed_.add(each.application, event_type::notification_settled, each.key, {});
    return set_canceled_before_launch(on_, each.key, why.detail.substr(0, 255));
  }

  result<void> launch_alike() {
    for (const auto& [app, keys] : alike_)
      if (auto done = set_launched(on_, app, keys); !done) return done;
    return {};
  }

  result<void> let_pass() {
    if (passed_.empty()) return {};
    key_condition these(passed_);
    sql_parameters parameters{number(state::expired)};
    these.add_to(parameters);
    auto done =
        on_.execute("letting schedules pass",
                    "UPDATE notifications SET state = ?, fan_out_done = 1, completed_at = " + database_now +
                        ", reason = 'Its scheduled time had passed by more than misfire_grace_seconds' "
                        "WHERE " +
                        these.sql(),
                    parameters);
    return done ? result<void>() : done.failure();
  }

  database::connection& on_;
  utc_ms now_ = 0;
  std::vector<notification> due_;
  std::map<application_id, std::vector<notification_key>> alike_;
  std::vector<notification_key> passed_;
  feed_rows feed_;
  notification_store::due_launches made_;
};

}  // namespace

result<std::optional<utc_ms>> notification_store::next_due_in() {
  return with_connection(db_, [&](database::connection& on) -> result<std::optional<utc_ms>> {
    std::optional<utc_ms> left;
    auto read = on.query(
        "reading when something is due",
        "SELECT IF(MIN(due) > " + database_now + ", MIN(due) - " + database_now +
            ", 0), MIN(due) FROM (SELECT MIN(due_at) AS due FROM notifications WHERE state = ? AND " +
            of_active_applications +
            " UNION ALL SELECT MIN(wave_due) FROM notifications WHERE state IN (?, ?) AND fan_out_done = 0 "
            "AND "
            "wave_due > " +
            database_now + ") AS times",
        {number(state::scheduled), number(state::launched), number(state::sending)}, [&](const sql_row& row) {
          if (!row.null(1)) left = row.time(0);
        });
    if (!read) return read.failure();
    return left;
  });
}

result<notification_store::due_launches> notification_store::launch_due(size_t most) {
  std::vector<notification_key> due;
  auto read = with_connection(db_, [&](database::connection& on) {
    return on.query("reading what is due",
                    "SELECT id FROM notifications WHERE state = ? AND due_at <= " + database_now + " AND " +
                        of_active_applications + " ORDER BY due_at LIMIT ?",
                    {number(state::scheduled), most},
                    [&](const sql_row& row) { due.push_back({row.number(0)}); });
  });
  if (!read) return read.failure();
  due_launches made;
  for (auto& part : in_lists(due)) {
    std::sort(part.begin(), part.end());
    auto done = transact(db_, [&](database::connection& on) { return due_launch(on).run(part); });
    if (!done) return done.failure();
    fail_point("schedule.launched");
    made.launched += done->launched;
    made.expired += done->expired;
    made.failed += done->failed;
    std::move(done->unreadable.begin(), done->unreadable.end(), std::back_inserter(made.unreadable));
  }
  return made;
}

}  // namespace pusher
