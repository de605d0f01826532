#include "storage/webhook_store.hpp"

#include "storage/transaction.hpp"
#include "storage/webhook_rows.hpp"

namespace pusher {

namespace {

const std::string select_webhook =
    "SELECT id, public_id, application_id, url, description, events, state, max_events, max_wait_ms, "
    "created_at, updated_at, disabled_at, IF(previous_secret_until > " +
    database_now +
    ", previous_secret_until, 0), cursor_row, cursor_at, cursor_offset, tries, failing_since, next_try_at, "
    "last_taken_at, last_trouble FROM webhooks ";

webhook read_webhook(const sql_row& row) {
  webhook found;
  found.key.value = row.number(0);
  found.id = row.text(1);
  found.application.value = row.number(2);
  found.options.url = row.text(3);
  found.options.description = row.text(4);
  found.options.events = parse_event_names(row.text(5));
  found.state = static_cast<webhook_state>(row.number(6));
  found.options.enabled = found.state == webhook_state::enabled;
  found.options.max_events = static_cast<uint32_t>(row.number(7));
  found.options.max_wait_ms = static_cast<uint32_t>(row.number(8));
  found.created_at = row.time(9);
  found.updated_at = row.time(10);
  found.disabled_at = row.time(11);
  found.previous_secret_until = row.time(12);
  found.cursor = {row.number(13), row.time(14), row.number(15)};
  found.tries = static_cast<uint32_t>(row.number(16));
  found.failing_since = row.time(17);
  found.next_try_at = row.time(18);
  found.last_taken_at = row.time(19);
  found.last_trouble = row.text(20);
  return found;
}

result<webhook> read_one(database::connection& on, const char* where, const sql_parameters& parameters) {
  webhook found;
  auto read = on.query("reading a webhook", select_webhook + where, parameters,
                       [&](const sql_row& row) { found = read_webhook(row); });
  if (!read) return read.failure();
  if (*read == 0) return error{errc::not_found, "There is no webhook with this id", "", 0};
  return found;
}

result<void> check_room(database::connection& on, application_id app, size_t most) {
  // Locked, so that two that are created at the same time are counted one after the other.
  auto locked = on.query("locking an application", "SELECT id FROM applications WHERE id = ? FOR UPDATE",
                         {app}, [](const sql_row&) {});
  if (!locked) return locked.failure();
  uint64_t count = 0;
  auto counted = on.query("counting webhooks", "SELECT COUNT(*) FROM webhooks WHERE application_id = ?",
                          {app}, [&](const sql_row& row) { count = row.number(0); });
  if (!counted) return counted.failure();
  if (count < most) return {};
  return error{errc::conflict,
               "An application has at most " + std::to_string(most) + " webhooks; delete one first", "", 0};
}

/// By its state a webhook keeps why it stands still; only enabling it changes that.
webhook_state state_after(const webhook& now, bool enabled) {
  if (enabled) return webhook_state::enabled;
  return now.state == webhook_state::enabled ? webhook_state::disabled : now.state;
}

}  // namespace

result<webhook> webhook_store::create(application_id app, const std::string& id,
                                      const webhook_options& options, const std::string& sealed_secret,
                                      const feed_position& from, size_t most) {
  static const std::string insert =
      "INSERT INTO webhooks (public_id, application_id, state, url, description, events, max_events, "
      "max_wait_ms, secret, cursor_row, cursor_at, cursor_offset, created_at, updated_at, disabled_at) "
      "VALUES "
      "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
      database_now + ", created_at, IF(state = 1, 0, created_at))";
  return transact(db_, [&](database::connection& on) -> result<webhook> {
    if (auto room = check_room(on, app, most); !room) return room.failure();
    auto state = options.enabled ? webhook_state::enabled : webhook_state::disabled;
    auto names = event_names(options.events);
    auto written =
        on.execute("storing a webhook", insert,
                   {id, app, static_cast<unsigned>(state), options.url, options.description, names,
                    options.max_events, options.max_wait_ms, sealed_secret, from.row, from.at, from.offset});
    if (!written) return written.failure();
    return read_one(on, "WHERE id = ?", {on.last_insert_id()});
  });
}

result<webhook> webhook_store::get(application_id app, const std::string& id) {
  return with_connection(db_, [&](database::connection& on) {
    return read_one(on, "WHERE public_id = ? AND application_id = ?", {id, app});
  });
}

result<std::vector<webhook>> webhook_store::list(application_id app, webhook_key after, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<webhook>> {
    std::vector<webhook> found;
    auto read = on.query(
        "listing webhooks", select_webhook + "WHERE application_id = ? AND id > ? ORDER BY id LIMIT ?",
        {app, after, limit}, [&](const sql_row& row) { found.push_back(read_webhook(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<webhook> webhook_store::change_row(
    application_id app, const std::string& id,
    const std::function<result<void>(database::connection&, const webhook&)>& write) {
  return transact(db_, [&](database::connection& on) -> result<webhook> {
    auto now = read_one(on, "WHERE public_id = ? AND application_id = ? FOR UPDATE", {id, app});
    if (!now) return now;
    if (auto written = write(on, *now); !written) return written.failure();
    return read_one(on, "WHERE id = ?", {now->key});
  });
}

result<webhook> webhook_store::update(application_id app, const std::string& id,
                                      const std::function<result<void>(webhook_options&)>& change) {
  // A batch that was begun has the events that were wanted then; with others wanted it is made anew.
  static const std::string sql =
      "UPDATE webhooks SET generation = generation + 1, updated_at = " + database_now +
      ", disabled_at = IF(? = 1, 0, IF(state = 1, updated_at, disabled_at)), state = ?, url = ?, "
      "description = ?, batch_row = IF(events = ?, batch_row, 0), batch_at = IF(events = ?, batch_at, 0), "
      "batch_offset = IF(events = ?, batch_offset, 0), events = ?, max_events = ?, max_wait_ms = ?, tries = "
      "0, "
      "next_try_at = 0 WHERE id = ?";
  return change_row(app, id, [&](database::connection& on, const webhook& now) -> result<void> {
    auto options = now.options;
    if (auto good = change(options); !good) return good;
    auto state = static_cast<unsigned>(state_after(now, options.enabled));
    auto names = event_names(options.events);
    auto written = on.execute("changing a webhook", sql,
                              {state, state, options.url, options.description, names, names, names, names,
                               options.max_events, options.max_wait_ms, now.key});
    return written ? result<void>() : written.failure();
  });
}

result<void> webhook_store::erase(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto now = read_one(on, "WHERE public_id = ? AND application_id = ? FOR UPDATE", {id, app});
    if (!now) return now.failure();
    auto attempts = on.execute("deleting a webhook's attempts",
                               "DELETE FROM webhook_attempts WHERE webhook_id = ?", {now->key});
    if (!attempts) return attempts.failure();
    auto gone = on.execute("deleting a webhook", "DELETE FROM webhooks WHERE id = ?", {now->key});
    return gone ? result<void>() : gone.failure();
  });
}

result<webhook> webhook_store::rotate(application_id app, const std::string& id,
                                      const std::string& sealed_secret, uint32_t overlap_seconds) {
  static const std::string sql =
      "UPDATE webhooks SET generation = generation + 1, updated_at = " + database_now +
      ", previous_secret = secret, previous_secret_until = updated_at + ?, secret = ? WHERE id = ?";
  return change_row(app, id, [&](database::connection& on, const webhook& now) -> result<void> {
    auto written = on.execute("changing a webhook's secret", sql,
                              {int64_t{overlap_seconds} * 1000, sealed_secret, now.key});
    return written ? result<void>() : written.failure();
  });
}

result<webhook> webhook_store::replay(application_id app, const std::string& id, const feed_position& from) {
  static const std::string sql =
      "UPDATE webhooks SET generation = generation + 1, updated_at = " + database_now +
      ", cursor_row = ?, cursor_at = ?, cursor_offset = ?, batch_row = 0, batch_at = 0, batch_offset = 0, "
      "tries = 0, next_try_at = 0 WHERE id = ?";
  return change_row(app, id, [&](database::connection& on, const webhook& now) -> result<void> {
    auto written = on.execute("replaying a webhook", sql, {from.row, from.at, from.offset, now.key});
    return written ? result<void>() : written.failure();
  });
}

result<std::vector<std::string>> webhook_store::sealed_secrets(application_id app, const std::string& id) {
  static const std::string sql =
      "SELECT " + secret_columns + " FROM webhooks WHERE public_id = ? AND application_id = ?";
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<std::string>> {
    std::vector<std::string> secrets;
    auto read = on.query("reading a webhook's secrets", sql, {id, app},
                         [&](const sql_row& row) { secrets = signing_secrets(row, 0); });
    if (!read) return read.failure();
    if (*read == 0) return error{errc::not_found, "There is no webhook with this id", "", 0};
    return secrets;
  });
}

result<void> webhook_store::add_attempt(webhook_key key, const webhook_attempt& made, size_t kept) {
  return transact(
      db_, [&](database::connection& on) -> result<void> { return write_attempt(on, key, made, kept); });
}

result<std::vector<webhook_attempt>> webhook_store::attempts(application_id app, const std::string& id,
                                                             uint64_t before, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<webhook_attempt>> {
    auto of = read_one(on, "WHERE public_id = ? AND application_id = ?", {id, app});
    if (!of) return of.failure();
    std::vector<webhook_attempt> found;
    auto read = on.query(
        "reading a webhook's attempts",
        "SELECT number, message_id, type, events, status, latency_ms, trouble, excerpt, at, "
        "next_try_at FROM webhook_attempts WHERE webhook_id = ? AND number < ? "
        "ORDER BY number DESC LIMIT ?",
        {of->key, before ? before : UINT64_MAX, limit}, [&](const sql_row& row) {
          found.push_back({row.number(0), std::string(row.text(1)), std::string(row.text(2)),
                           static_cast<uint32_t>(row.number(3)), static_cast<int>(row.number(4)), row.time(5),
                           std::string(row.text(6)), std::string(row.text(7)), row.time(8), row.time(9)});
        });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace pusher
