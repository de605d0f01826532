#include "storage/notification_store.hpp"

#include "storage/draft_codec.hpp"
#include "storage/notification_launch.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

/// What a used idempotency key stands for.
struct used_key {
  sha256_digest request{};
  notification_key notification;
  std::string body;
  bool outdated = false;
};

result<used_key> read_key(database::connection& on, application_id app, const std::string& key,
                          unsigned hours) {
  static const std::string sql =
      "SELECT k.request, k.notification_id, k.body, k.created_at < " + database_now +
      " - CAST(COALESCE(a.idempotency_hours, ?) AS INTEGER) * 3600000 FROM idempotency_keys k LEFT JOIN "
      "applications a ON a.id = k.application_id WHERE k.application_id = ? AND k.idempotency_key = ?";
  used_key found;
  auto read = on.query("reading an idempotency key", sql, {hours, app, key}, [&](const sql_row& row) {
    auto request = row.text(0);
    std::copy_n(request.begin(), std::min(request.size(), found.request.size()), found.request.begin());
    found.notification.value = row.number(1);
    found.body = row.text(2);
    found.outdated = row.number(3) != 0;
  });
  if (!read) return read.failure();
  return found;
}

using created = notification_store::created;

/// Takes the idempotency key, or gives what it was used for. Inserting comes first: of parallel equal
/// requests all but one wait in it until that one has committed.
result<std::optional<created>> take_key(database::connection& on, application_id app,
                                        const notification_store::idempotency& once, unsigned hours) {
  auto inserted = on.execute("storing an idempotency key",
                             "INSERT INTO idempotency_keys (application_id, idempotency_key, request, body, "
                             "created_at) VALUES (?, ?, ?, "
                             "'', " +
                                 database_now + ")",
                             {app, once.key, once.request});
  if (inserted) return std::optional<created>();
  if (!on.duplicate()) return inserted.failure();
  auto used = read_key(on, app, once.key, hours);
  if (!used) return used.failure();
  if (used->outdated) return std::optional<created>();
  if (used->request != once.request)
    return error{errc::idempotency_mismatch, "The Idempotency-Key was used with another request", "", 0};
  created replayed;
  auto value = read_one(on, "id = ?", {used->notification});
  if (value)
    replayed.value = std::move(*value);
  else if (value.failure().code != errc::not_found)
    return value.failure();
  replayed.replayed_body = std::move(used->body);
  return std::optional<created>(std::move(replayed));
}

result<notification_key> insert(database::connection& on, application_id app,
                                const notification_draft& draft) {
  auto inserted = on.execute(
      "storing a notification",
      "INSERT INTO notifications (public_id, application_id, state, lane, external_id, ttl_seconds, draft, "
      "audience, due_at, misfire_grace_seconds, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
          database_now + ")",
      {make_uuid_v7(), app, number(waiting_state(draft)), static_cast<unsigned>(draft.lane),
       draft.external_id, draft.ttl_seconds, encode_draft(draft), encode_audience(draft.audience),
       due_of(draft), draft.misfire_grace_seconds});
  if (inserted) return notification_key{on.last_insert_id()};
  if (on.duplicate())
    return error{errc::conflict, "Another notification has this external_id", "/external_id", 0};
  return inserted.failure();
}

result<void> keep_body(database::connection& on, application_id app,
                       const notification_store::idempotency& once, notification_key key,
                       const std::string& body) {
  auto kept = on.execute(
      "storing an idempotency key",
      "UPDATE idempotency_keys SET request = ?, notification_id = ?, body = ?, created_at = " + database_now +
          " WHERE application_id = ? AND idempotency_key = ?",
      {once.request, key, body, app, once.key});
  return kept ? result<void>() : kept.failure();
}

/// Whoever launches it traces it, and not who drafted it.
result<void> keep_trace(database::connection& on, const notification& of, const std::string& trace_parent) {
  if (trace_parent == of.draft.trace_parent) return {};
  auto draft = of.draft;
  draft.trace_parent = trace_parent;
  auto kept = on.execute("keeping a notification's trace", "UPDATE notifications SET draft = ? WHERE id = ?",
                         {encode_draft(draft), of.key});
  return kept ? result<void>() : kept.failure();
}

}  // namespace

result<notification_store::created> notification_store::create(
    application_id app, const notification_draft& draft, const std::optional<idempotency>& once,
    const std::function<std::string(const notification&)>& render) {
  return transact(db_, [&](database::connection& on) -> result<created> {
    if (once) {
      auto used = take_key(on, app, *once, idempotency_hours_);
      if (!used) return used.failure();
      if (*used) return std::move(**used);
    }
    auto key = insert(on, app, draft);
    if (!key) return key.failure();
    if (draft.launch) {
      if (auto good = check_in_time(on, draft); !good) return good.failure();
      if (auto launched = set_launched(on, app, *key, draft); !launched) return launched.failure();
    } else if (auto good = check_waiting(on, app, draft); !good) {
      return good.failure();
    }
    auto value = read_one(on, "id = ?", {*key});
    if (!value) return value.failure();
    value->draft.launch = draft.launch;
    if (once)
      if (auto kept = keep_body(on, app, *once, *key, render(*value)); !kept) return kept.failure();
    return created{std::move(*value), std::nullopt};
  });
}

result<notification> notification_store::get(application_id app, const std::string& id) {
  return with_connection(db_, [&](database::connection& on) {
    return read_one(on, "public_id = ? AND application_id = ?", {id, app});
  });
}

result<std::set<notification_key>> notification_store::settled_among(
    const std::vector<notification_key>& keys) {
  std::set<notification_key> settled(keys.begin(), keys.end());
  if (keys.empty()) return settled;
  sql_parameters parameters;
  add_padded(parameters, keys.begin(), keys.end());
  return with_connection(db_, [&](database::connection& on) -> result<std::set<notification_key>> {
    auto read = on.query(
        "looking for settled notifications",
        "SELECT id FROM notifications WHERE completed_at = 0 AND id IN (" + placeholders(keys.size()) + ")",
        parameters, [&](const sql_row& row) { settled.erase(notification_key{row.number(0)}); });
    if (!read) return read.failure();
    return settled;
  });
}

result<std::vector<notification>> notification_store::list(application_id app,
                                                           const notification_filter& wanted,
                                                           notification_key before, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<notification>> {
    std::string where = "WHERE application_id = ? AND id < ?";
    sql_parameters parameters{app, before ? before.value : UINT64_MAX};
    if (wanted.state) {
      where += " AND state = ?";
      parameters.emplace_back(number(*wanted.state));
    }
    if (wanted.external_id) {
      where += " AND external_id = ?";
      parameters.emplace_back(*wanted.external_id);
    }
    if (wanted.created_from > 0) {
      where += " AND created_at >= ?";
      parameters.emplace_back(wanted.created_from);
    }
    if (wanted.created_to > 0) {
      where += " AND created_at < ?";
      parameters.emplace_back(wanted.created_to);
    }
    parameters.emplace_back(limit);
    std::vector<notification> found;
    std::optional<error> unreadable;
    auto read = on.query("listing notifications", select_notification + where + " ORDER BY id DESC LIMIT ?",
                         parameters, [&](const sql_row& row) {
                           auto value = read_notification(row);
                           if (value)
                             found.push_back(std::move(*value));
                           else
                             unreadable = value.failure();
                         });
    if (!read) return read.failure();
    if (unreadable) return *unreadable;
    return found;
  });
}

result<notification_store::created> notification_store::launch(
    application_id app, const std::string& id, const std::optional<idempotency>& once,
    const std::function<std::string(const notification&)>& render, const std::string& trace_parent) {
  return transact(db_, [&](database::connection& on) -> result<created> {
    if (once) {
      auto used = take_key(on, app, *once, idempotency_hours_);
      if (!used) return used.failure();
      if (*used) return std::move(**used);
    }
    auto value = read_one(on, "public_id = ? AND application_id = ? FOR UPDATE", {id, app});
    if (!value) return value.failure();
    if (value->state != notification_state::draft && value->state != notification_state::scheduled)
      return wrong_state(value->state, "only a draft or a scheduled one can be launched");
    if (auto kept = keep_trace(on, *value, trace_parent); !kept) return kept.failure();
    if (auto launched = set_launched(on, app, value->key, value->draft); !launched) return launched.failure();
    value = read_one(on, "id = ?", {value->key});
    if (!value) return value.failure();
    if (once)
      if (auto kept = keep_body(on, app, *once, value->key, render(*value)); !kept) return kept.failure();
    return created{std::move(*value), std::nullopt};
  });
}

}  // namespace pusher
