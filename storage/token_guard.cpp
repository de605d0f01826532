#include "storage/token_guard.hpp"

#include <algorithm>
#include <cmath>

#include "storage/device_event_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr utc_ms window_ms = 10 * 60'000;
constexpr utc_ms trust_ms = 3'600'000;
constexpr uint64_t enough_answers = 10'000;
constexpr double times_usual = 5;
constexpr size_t bulk_length = 4000;

struct guard_row {
  utc_ms window_started = 0;
  uint64_t answered = 0, dead = 0;
  uint64_t known_answered = 0, known_dead = 0;
  uint64_t hold = 0;
  utc_ms trusted_until = 0;
  utc_ms now = 0;
};

sql_parameters key_of(const guarded& which) {
  return {which.application, static_cast<unsigned>(which.gateway), static_cast<unsigned>(which.environment)};
}

constexpr const char* by_key = " WHERE application_id = ? AND gateway = ? AND environment = ?";

result<guard_row> lock_row(database::connection& on, const guarded& which) {
  guard_row row;
  bool found = false;
  static const std::string select =
      "SELECT window_started, answered, dead, known_answered, known_dead, hold_id, trusted_until, " +
      std::string(database_now) + " FROM token_guard" + by_key + " FOR UPDATE";
  for (int attempt = 0; attempt < 2 && !found; ++attempt) {
    auto read = on.query("reading the guard", select, key_of(which), [&](const sql_row& from) {
      found = true;
      row = {from.time(0),   from.number(1), from.number(2), from.number(3),
             from.number(4), from.number(5), from.time(6),   from.time(7)};
    });
    if (!read) return read.failure();
    if (found) break;
    auto made =
        on.execute("starting the guard",
                   "INSERT IGNORE INTO token_guard (application_id, gateway, environment) VALUES (?, ?, ?)",
                   key_of(which));
    if (!made) return made.failure();
  }
  return row;
}

/// A window that is over becomes part of what is usual; older windows count half as much each time.
void roll(guard_row& row) {
  if (row.now < row.window_started + window_ms) return;
  if (row.hold == 0) {
    row.known_answered = row.known_answered / 2 + row.answered;
    row.known_dead = row.known_dead / 2 + row.dead;
  }
  row.answered = row.dead = 0;
  row.window_started = row.now;
}

bool far_above_usual(const guard_row& row, const token_guard_bounds& bounds) {
  if (row.dead < bounds.minimum || bounds.percent >= 100) return false;
  double share = static_cast<double>(row.dead) / static_cast<double>(std::max<uint64_t>(row.answered, 1));
  double most = bounds.percent / 100.0;
  if (row.known_answered >= enough_answers) {
    double usual = static_cast<double>(row.known_dead) / static_cast<double>(row.known_answered);
    most = std::max(most / 3, times_usual * usual);
  }
  return share > most;
}

result<uint64_t> open_hold(database::connection& on, const guarded& which, const guard_row& row) {
  auto made = on.execute(
      "holding deletions",
      "INSERT INTO token_holds (application_id, gateway, environment, state, answered, dead, since) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {which.application, static_cast<unsigned>(which.gateway), static_cast<unsigned>(which.environment),
       static_cast<unsigned>(token_hold_state::held), row.answered, row.dead, row.now});
  if (!made) return made.failure();
  uint64_t id = 0;
  auto read = on.query("holding deletions", "SELECT LAST_INSERT_ID()", {},
                       [&](const sql_row& from) { id = from.number(0); });
  if (!read) return read.failure();
  return id;
}

}  // namespace

result<guard_verdict> count_and_judge(database::connection& on, const guarded& which, uint64_t answered,
                                      uint64_t dead, const token_guard_bounds& bounds) {
  auto row = lock_row(on, which);
  if (!row) return row.failure();
  roll(*row);
  row->answered += answered;
  row->dead += dead;
  guard_verdict made{row->hold, false};
  if (row->hold == 0 && dead > 0 && row->now >= row->trusted_until && far_above_usual(*row, bounds)) {
    auto hold = open_hold(on, which, *row);
    if (!hold) return hold.failure();
    made = {*hold, true};
  }
  auto kept = on.execute(
      "counting answers",
      std::string("UPDATE token_guard SET window_started = ?, answered = ?, dead = ?, "
                  "known_answered = ?, known_dead = ?, hold_id = ?") +
          by_key,
      {row->window_started, row->answered, row->dead, row->known_answered, row->known_dead, made.hold,
       which.application, static_cast<unsigned>(which.gateway), static_cast<unsigned>(which.environment)});
  if (!kept) return kept.failure();
  return made;
}

result<void> hold_tokens(database::connection& on, uint64_t hold, notification_key notification,
                         const std::vector<const push_result*>& dead) {
  static const std::string sql =
      "INSERT IGNORE INTO held_tokens (hold_id, device_id, token_hash, unregistered_at, notification_id, "
      "held_at) "
      "VALUES (?, ?, ?, ?, ?, " +
      std::string(database_now) + ")";
  using column = bulk_rows::kind;
  bulk_rows rows({column::number, column::number, column::text, column::number, column::number});
  for (size_t from = 0; from < dead.size(); from += bulk_length) {
    rows.clear();
    for (auto at = from; at < std::min(from + bulk_length, dead.size()); ++at)
      rows.add(hold)
          .add(dead[at]->device.value)
          .add(
              std::string_view(reinterpret_cast<const char*>(dead[at]->token.data()), dead[at]->token.size()))
          .add(static_cast<uint64_t>(dead[at]->unregistered_at))
          .add(notification.value);
    auto held = on.execute_bulk("holding deletions", sql, rows);
    if (!held) return held.failure();
  }
  return {};
}

namespace {

// The cast keeps the server from making a decimal of it.
const std::string select_hold =
    "SELECT h.id, h.gateway, h.environment, h.state, h.answered, h.dead, CAST(IF(h.state = 1, (SELECT "
    "COUNT(*) "
    "FROM held_tokens t WHERE t.hold_id = h.id), h.devices) AS UNSIGNED), h.since, h.decided_at FROM "
    "token_holds "
    "h WHERE h.application_id = ?";

token_hold read_hold(const sql_row& row) {
  token_hold hold;
  hold.id = row.number(0);
  hold.gateway = static_cast<gateway>(row.number(1));
  hold.environment = static_cast<environment>(row.number(2));
  hold.state = static_cast<token_hold_state>(row.number(3));
  hold.answered = row.number(4);
  hold.dead = row.number(5);
  hold.devices = row.number(6);
  hold.since = row.time(7);
  hold.decided_at = row.time(8);
  return hold;
}

/// Locks the hold. Errors: not_found.
result<token_hold> find_hold(database::connection& on, application_id app, uint64_t id) {
  std::optional<token_hold> found;
  auto read = on.query("reading a hold", select_hold + " AND h.id = ? FOR UPDATE", {app, id},
                       [&](const sql_row& row) { found = read_hold(row); });
  if (!read) return read.failure();
  if (!found) return error{errc::not_found, "There is no hold of deletions with this id", "", 0};
  return *found;
}

/// How many devices were disabled.
result<uint64_t> disable_held(database::connection& on, application_id app, uint64_t hold, utc_ms now,
                              feed_rows& feed) {
  auto disabled = on.execute(
      "disabling held tokens",
      "UPDATE held_tokens h STRAIGHT_JOIN devices d FORCE INDEX (PRIMARY) ON d.application_id = ? AND d.id = "
      "h.device_id SET d.disabled = ?, d.disabled_at = ?, d.updated_at = ? WHERE h.hold_id = ? AND "
      "d.token_hash = "
      "h.token_hash AND d.disabled = 0 AND d.token_registered_at <= IF(h.unregistered_at = 0, h.held_at, "
      "h.unregistered_at)",
      {app, static_cast<unsigned>(disabled_reason::unregistered), now, now, hold});
  if (!disabled) return disabled.failure();
  std::vector<new_device_event> events;
  auto read = on.query(
      "finding dead tokens",
      "SELECT d.id, h.notification_id FROM held_tokens h STRAIGHT_JOIN devices d FORCE INDEX "
      "(PRIMARY) ON d.application_id = ? AND d.id = h.device_id WHERE h.hold_id = ? AND "
      "d.disabled = ? AND d.disabled_at = ?",
      {app, hold, static_cast<unsigned>(disabled_reason::unregistered), now}, [&](const sql_row& row) {
        events.push_back({{row.number(0)}, device_event_type::disabled, {}, {row.number(1)}, now});
      });
  if (!read) return read.failure();
  if (auto noted = write_device_events(on, app, events, feed); !noted) return noted.failure();
  return static_cast<uint64_t>(*disabled);
}

}  // namespace

result<std::vector<token_hold>> token_hold_store::list(application_id app) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<token_hold>> {
    std::vector<token_hold> found;
    auto read = on.query("listing holds", select_hold + " ORDER BY h.id DESC LIMIT 100", {app},
                         [&](const sql_row& row) { found.push_back(read_hold(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<token_hold> token_hold_store::confirm(application_id app, uint64_t id) {
  return decide(app, id, token_hold_state::confirmed);
}

result<token_hold> token_hold_store::undo(application_id app, uint64_t id) {
  return decide(app, id, token_hold_state::undone);
}

result<token_hold> token_hold_store::decide(application_id app, uint64_t id, token_hold_state as) {
  return transact(db_, [&](database::connection& on) -> result<token_hold> {
    auto hold = find_hold(on, app, id);
    if (!hold) return hold.failure();
    if (hold->state != token_hold_state::held)
      return error{errc::conflict, "This hold was " + std::string(to_string(hold->state)) + " already", "",
                   0};
    // The writers' counts lie in this row: they wait here, and find the hold gone.
    auto row = lock_row(on, {app, hold->gateway, hold->environment});
    if (!row) return row.failure();
    bool confirmed = as == token_hold_state::confirmed;
    uint64_t disabled = 0;
    feed_rows feed;
    if (confirmed) {
      auto done = disable_held(on, app, id, row->now, feed);
      if (!done) return done.failure();
      disabled = *done;
    }
    auto forgotten = on.execute("ending a hold", "DELETE FROM held_tokens WHERE hold_id = ?", {id});
    if (!forgotten) return forgotten.failure();
    auto decided = on.execute("ending a hold",
                              "UPDATE token_holds SET state = ?, decided_at = ?, devices = ? WHERE id = ?",
                              {static_cast<unsigned>(as), row->now, disabled, id});
    if (!decided) return decided.failure();
    auto reset = on.execute("ending a hold",
                            std::string("UPDATE token_guard SET hold_id = 0, answered = 0, dead = 0, "
                                        "window_started = ?, trusted_until = ?") +
                                by_key,
                            {row->now, confirmed ? row->now + trust_ms : utc_ms{0}, app,
                             static_cast<unsigned>(hold->gateway), static_cast<unsigned>(hold->environment)});
    if (!reset) return reset.failure();
    if (auto told = feed.write(on); !told) return told.failure();
    hold->state = as;
    hold->decided_at = row->now;
    hold->devices = disabled;
    return hold;
  });
}

}  // namespace pusher
