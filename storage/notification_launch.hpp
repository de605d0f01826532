// The step into `launched`, and what must hold before it; shared by everything that launches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/notification.hpp"
#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// The highest key of the application's devices.
result<device_key> last_device(database::connection& on, application_id app);

/// The audience's condition when it uses segments, with these written out; nothing when it uses none. Errors:
/// invalid_condition (a segment is not there).
result<std::optional<std::string>> condition_by_now(database::connection& on, application_id app,
                                                    const audience& wanted);

/// Fixes the audience (its last device, and what its segments stand for) and begins the time-to-live. Errors:
/// invalid_condition (a segment of the audience is not there).
result<void> set_launched(database::connection& on, application_id app, notification_key key,
                          const notification_draft& draft);
/// The same for notifications of one application without segments and local times, by one statement. `keys`
/// is not empty.
result<void> set_launched(database::connection& on, application_id app,
                          const std::vector<notification_key>& keys);

/// Cancels what has not been launched; its feed is the caller's to tell.
result<void> set_canceled_before_launch(database::connection& on, notification_key key,
                                        const std::string& reason);

/// Where a notification waits that is not launched at once: draft or scheduled.
notification_state waiting_state(const notification_draft& draft);

/// When what waits is launched by itself: for a local time when the first zone has it. 0 = never.
utc_ms due_of(const notification_draft& draft);
/// The last moment at which it still is in time, but for its misfire grace.
utc_ms deadline_of(const notification_draft& draft);

/// Whether what waits could be launched: its segments are there, its time is not past. Errors:
/// invalid_condition, invalid_field.
result<void> check_waiting(database::connection& on, application_id app, const notification_draft& draft);

/// Whether its time, if it has one, is not past. Errors: invalid_field.
result<void> check_in_time(database::connection& on, const notification_draft& draft);

/// `rule`: which states allow the step.
error wrong_state(notification_state now, const std::string& rule);

}  // namespace pusher
