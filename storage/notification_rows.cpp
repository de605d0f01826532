#include "storage/notification_rows.hpp"

#include "storage/draft_codec.hpp"
#include "storage/feed_rows.hpp"
#include "storage/key_condition.hpp"

namespace pusher {

namespace {

std::string counters(const char* separator) {
  std::string list;
  for (auto each : all_outcomes)
    list += (list.empty() ? "" : separator) + counter_column(each);
  return list;
}

constexpr size_t first_counter = 22;

std::string number_text(notification_state state) {
  return std::to_string(static_cast<unsigned>(state));
}

std::string unfinished() {
  return "(state IN (" + number_text(notification_state::launched) + ", " +
         number_text(notification_state::sending) +
         ") OR (state = " + number_text(notification_state::canceled) + " AND completed_at = 0))";
}

}  // namespace

const std::string select_notification =
    "SELECT id, public_id, application_id, state, lane, external_id, ttl_seconds, draft, audience, "
    "audience_count, fan_out_done, created_at, launched_at, completed_at, expires_at, condition_at_launch, "
    "canceled_at, reason, revision, due_at, misfire_grace_seconds, wave_due, " +
    counters(", ") + ", count_received, count_opened FROM notifications ";

const std::string complete_notification =
    "UPDATE notifications SET state = CASE WHEN state = " + number_text(notification_state::canceled) +
    " THEN state WHEN count_expired > 0 AND count_expired + count_skipped = audience_count THEN " +
    number_text(notification_state::expired) + " ELSE " + number_text(notification_state::completed) +
    " END, control = 0, completed_at = " + database_now + " WHERE ";

const std::string settled_count = counters(" + ");

const std::string when_settled = unfinished() + " AND fan_out_done = 1 AND audience_count = " + settled_count;

std::string counter_column(outcome value) {
  return "count_" + std::string(to_string(value));
}

result<notification> read_notification(const sql_row& row) {
  notification value;
  value.key.value = row.number(0);
  value.id = row.text(1);
  value.application.value = row.number(2);
  value.state = static_cast<notification_state>(row.number(3));
  value.draft.lane = static_cast<lane>(row.number(4));
  value.draft.external_id = row.optional_text(5);
  value.draft.ttl_seconds = static_cast<uint32_t>(row.number(6));
  if (auto draft = decode_draft(row.text(7), value.draft); !draft) return draft.failure();
  auto wanted = decode_audience(row.text(8));
  if (!wanted) return wanted.failure();
  value.draft.audience = std::move(*wanted);
  value.audience = row.number(9);
  value.fan_out_done = row.number(10) != 0;
  value.created_at = row.time(11);
  value.launched_at = row.time(12);
  value.completed_at = row.time(13);
  value.condition_at_launch = row.text(15);
  value.canceled_at = row.time(16);
  value.reason = row.text(17);
  value.revision = static_cast<uint32_t>(row.number(18));
  if (!value.draft.local_time) value.draft.scheduled_at = row.time(19);
  value.draft.misfire_grace_seconds = static_cast<uint32_t>(row.number(20));
  if (!value.fan_out_done) value.next_wave_at = row.time(21);
  for (size_t i = 0; i < all_outcomes.size(); ++i)
    value.counts[all_outcomes[i]] = row.number(first_counter + i);
  value.received = row.number(first_counter + all_outcomes.size());
  value.opened = row.number(first_counter + all_outcomes.size() + 1);
  return value;
}

result<notification> read_one(database::connection& on, const char* where, const sql_parameters& parameters) {
  auto found = result<notification>(error{errc::not_found, "There is no notification with this id", "", 0});
  auto read = on.query("reading a notification", select_notification + "WHERE " + where, parameters,
                       [&](const sql_row& row) { found = read_notification(row); });
  if (!read) return read.failure();
  return found;
}

result<void> tell_settled(database::connection& on, notification_key key) {
  application_id app;
  auto read = on.query("finding whose it is", "SELECT application_id FROM notifications WHERE id = ?", {key},
                       [&](const sql_row& row) { app.value = row.number(0); });
  if (!read) return read.failure();
  feed_rows feed;
  feed.add(app, event_type::notification_settled, key, {});
  return feed.write(on);
}

result<bool> complete_and_tell(database::connection& on, notification_key key) {
  auto completed = complete_if_settled(on, key);
  if (!completed || !*completed) return completed;
  if (auto told = tell_settled(on, key); !told) return told.failure();
  return true;
}

std::vector<std::vector<notification_key>> in_lists(const std::vector<notification_key>& keys) {
  std::vector<std::vector<notification_key>> parts;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i % rows_per_list == 0) parts.emplace_back();
    parts.back().push_back(keys[i]);
  }
  return parts;
}

result<void> lock_notifications(database::connection& on, const std::vector<notification_key>& keys) {
  for (const auto& part : in_lists(keys)) {
    key_condition these(part);
    sql_parameters parameters;
    these.add_to(parameters);
    auto locked = on.query(
        "locking notifications",
        "SELECT id FROM notifications FORCE INDEX (PRIMARY) WHERE " + these.sql() + " ORDER BY id FOR UPDATE",
        parameters, [](const sql_row&) {});
    if (!locked) return locked.failure();
  }
  return {};
}

namespace {

result<void> complete_part(database::connection& on, const std::vector<notification_key>& keys,
                           std::map<notification_key, completed_notification>& completed) {
  std::vector<notification_key> settled;
  key_condition these(keys);
  sql_parameters parameters;
  these.add_to(parameters);
  auto read =
      on.query("finding what is complete",
               "SELECT id, application_id, public_id FROM notifications FORCE INDEX (PRIMARY) WHERE " +
                   these.sql() + " AND " + when_settled + " ORDER BY id FOR UPDATE",
               parameters, [&](const sql_row& row) {
                 settled.push_back({row.number(0)});
                 completed[settled.back()] = {{row.number(1)}, std::string(row.text(2))};
               });
  if (!read) return read.failure();
  if (settled.empty()) return {};
  key_condition those(settled);
  sql_parameters found;
  those.add_to(found);
  auto done = on.execute("completing notifications", complete_notification + those.sql(), found);
  return done ? result<void>() : done.failure();
}

}  // namespace

result<std::map<notification_key, completed_notification>> complete_settled(
    database::connection& on, const std::vector<notification_key>& keys) {
  std::map<notification_key, completed_notification> completed;
  for (const auto& part : in_lists(keys))
    if (auto done = complete_part(on, part, completed); !done) return done.failure();
  return completed;
}

result<bool> complete_if_settled(database::connection& on, notification_key key) {
  static const std::string sql = complete_notification + "id = ? AND " + when_settled;
  auto completed = on.execute("completing a notification", sql, {key});
  if (!completed) return completed.failure();
  return *completed > 0;
}

}  // namespace pusher
