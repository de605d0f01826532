#include "storage/notification_launch.hpp"

#include "model/condition.hpp"
#include "storage/key_condition.hpp"
#include "storage/notification_rows.hpp"
#include "storage/segment_store.hpp"

namespace pusher {

result<device_key> last_device(database::connection& on, application_id app) {
  device_key last;
  auto read = on.query("reading the last device", "SELECT MAX(id) FROM devices WHERE application_id = ?",
                       {app}, [&](const sql_row& row) { last.value = row.number(0); });
  if (!read) return read.failure();
  return last;
}

result<std::optional<std::string>> condition_by_now(database::connection& on, application_id app,
                                                    const audience& wanted) {
  result<condition> given = condition();
  std::string pointer = "/audience";
  if (const auto* named = std::get_if<audience_segment>(&wanted)) {
    given = condition::parse(R"({"segment":")" + named->name + "\"}");
  } else if (const auto* where = std::get_if<audience_condition>(&wanted)) {
    given = condition::parse(where->json);
    pointer += "/condition";
  }
  if (!given) return error{errc::corrupt_data, "The stored audience of a notification cannot be read", "", 0};
  if (given->segments().empty()) return std::optional<std::string>();
  auto written = write_segments_out(on, app, *given, pointer);
  if (!written) return written.failure();
  return std::optional<std::string>(written->to_json());
}

namespace {

result<void> set_launched(database::connection& on, application_id app,
                          const std::optional<std::string>& where,
                          const std::vector<notification_key>& keys) {
  auto last = last_device(on, app);
  if (!last) return last.failure();
  key_condition these(keys);
  sql_parameters parameters{number(notification_state::launched), *last, where};
  these.add_to(parameters);
  auto launched =
      on.execute("launching notifications",
                 "UPDATE notifications SET state = ?, audience_last_device = ?, condition_at_launch = ?, "
                 "launched_at = " +
                     database_now + ", expires_at = launched_at + ttl_seconds * 1000 WHERE " + these.sql(),
                 parameters);
  return launched ? result<void>() : launched.failure();
}

}  // namespace

result<void> set_launched(database::connection& on, application_id app,
                          const std::vector<notification_key>& keys) {
  return set_launched(on, app, std::nullopt, keys);
}

result<void> set_canceled_before_launch(database::connection& on, notification_key key,
                                        const std::string& reason) {
  auto done = on.execute("canceling a notification",
                         "UPDATE notifications SET state = ?, revision = revision + 1, reason = ?, "
                         "fan_out_done = 1, canceled_at = " +
                             database_now + ", completed_at = canceled_at WHERE id = ?",
                         {number(notification_state::canceled), reason, key});
  return done ? result<void>() : done.failure();
}

result<void> set_launched(database::connection& on, application_id app, notification_key key,
                          const notification_draft& draft) {
  auto where = condition_by_now(on, app, draft.audience);
  if (!where) return where.failure();
  auto launched = set_launched(on, app, *where, {key});
  if (!launched || !draft.local_time) return launched;
  // The zones that have it already make the first wave. Each wave has a time-to-live of its own; this is the
  // last one's.
  auto waves = on.execute("planning the waves of a notification",
                          "UPDATE notifications SET wave_due = GREATEST(launched_at, ?), "
                          "expires_at = GREATEST(launched_at, ?) + ttl_seconds * 1000 WHERE id = ?",
                          {due_of(draft), deadline_of(draft), key});
  return waves ? result<void>() : waves.failure();
}

notification_state waiting_state(const notification_draft& draft) {
  return due_of(draft) > 0 ? notification_state::scheduled : notification_state::draft;
}

utc_ms due_of(const notification_draft& draft) {
  return draft.local_time ? moments_of(*draft.local_time).front() : draft.scheduled_at;
}

utc_ms deadline_of(const notification_draft& draft) {
  return draft.local_time ? moments_of(*draft.local_time).back() : draft.scheduled_at;
}

result<void> check_in_time(database::connection& on, const notification_draft& draft) {
  if (due_of(draft) == 0) return {};
  bool late = false;
  auto asked = on.query("reading the clock", "SELECT ? + CAST(? AS UNSIGNED) * 1000 < " + database_now,
                        {deadline_of(draft), draft.misfire_grace_seconds},
                        [&](const sql_row& row) { late = row.number(0) != 0; });
  if (!asked) return asked.failure();
  if (!late) return {};
  if (draft.local_time)
    return error{
        errc::invalid_field,
        "In every time zone this time is further in the past than misfire_grace_seconds allow; name a "
        "later one",
        "/local_time", 0};
  return error{errc::invalid_field,
               "This time is further in the past than misfire_grace_seconds allow; name a later one",
               "/scheduled_at", 0};
}

result<void> check_waiting(database::connection& on, application_id app, const notification_draft& draft) {
  if (auto good = condition_by_now(on, app, draft.audience); !good) return good.failure();
  return check_in_time(on, draft);
}

error wrong_state(notification_state now, const std::string& rule) {
  return {errc::wrong_state, "The notification is " + std::string(to_string(now)) + "; " + rule, "", 0};
}

}  // namespace pusher
