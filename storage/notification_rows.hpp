// How rows of the table notifications become values, and the SQL that several stores share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/notification.hpp"
#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// `SELECT ... FROM notifications `, for read_notification.
extern const std::string select_notification;

result<notification> read_notification(const sql_row& row);

/// Reads one notification; `where` follows the word WHERE. Errors: not_found.
result<notification> read_one(database::connection& on, const char* where, const sql_parameters& parameters);

/// As stored.
inline unsigned number(notification_state state) {
  return static_cast<unsigned>(state);
}

/// The counter of an outcome, e.g. `count_accepted`.
std::string counter_column(outcome value);

/// An UPDATE up to its WHERE, and the condition under which a notification is complete. Completion is one
/// conditional UPDATE wherever it is tried, so that it happens once. One of which every push expired ends as
/// `expired`, a canceled one stays so.
extern const std::string complete_notification;
extern const std::string when_settled;

/// How many targets have a row: the sum of all counters.
extern const std::string settled_count;

/// Completes the notification if it is settled; whether it did.
result<bool> complete_if_settled(database::connection& on, notification_key key);

/// How many keys one statement takes; longer lists the server would turn into joins.
constexpr size_t rows_per_list = 500;
/// The keys in parts of that length.
std::vector<std::vector<notification_key>> in_lists(const std::vector<notification_key>& keys);

/// Locks the rows in the order of their keys, which are sorted. Whoever writes several rows by more than one
/// statement does this first.
result<void> lock_notifications(database::connection& on, const std::vector<notification_key>& keys);

/// A notification that is complete now.
struct completed_notification {
  application_id application;
  std::string id;  ///< by which clients know it
};

/// Completes those among them that are settled; which. The keys are sorted and their rows locked.
result<std::map<notification_key, completed_notification>> complete_settled(
    database::connection& on, const std::vector<notification_key>& keys);

/// Tells the application's feed that nothing more will happen to the notification. Its transaction's last
/// write, as feed_rows says.
result<void> tell_settled(database::connection& on, notification_key key);
/// The two together.
result<bool> complete_and_tell(database::connection& on, notification_key key);

}  // namespace pusher
