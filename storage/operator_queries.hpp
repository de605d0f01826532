// What operators ask of MariaDB: they see every application.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/ids.hpp"
#include "model/notification.hpp"
#include "model/outcome.hpp"
#include "model/result.hpp"
#include "model/token_hold.hpp"
#include "storage/database.hpp"

namespace pusher {

/// A notification as its row has it.
struct notification_row {
  notification_key key;
  application_id application;
  std::string application_name;
  std::string id, external_id;
  notification_state state = notification_state::draft;
  bool fan_out_done = false;
  uint64_t audience = 0;
  outcome_counts counts;
  utc_ms created_at = 0, launched_at = 0, expires_at = 0, completed_at = 0;
};

/// Not thread-safe. Errors of every call: store_unavailable.
class operator_queries {
 public:
  explicit operator_queries(database& db) : db_(db) {}

  /// By its id or its external_id, of which every application has its own; at most 20.
  result<std::vector<notification_row>> notifications(const std::string& id);
  /// Launched ones that are not settled, behind this one, in the order of their keys.
  result<std::vector<notification_row>> under_way(notification_key after, size_t limit);
  /// Those behind this one that have ended in whatever way, in the order of their keys.
  result<std::vector<notification_row>> ended(notification_key after, size_t limit);
  /// Those of them that are there, at most 1,000.
  result<std::vector<notification_row>> rows_of(const std::vector<notification_key>& keys);
  /// The greatest key given so far.
  result<notification_key> newest();
  /// What became of their targets, as the rows of deliveries have it: read row by row.
  result<std::map<notification_key, outcome_counts>> count_deliveries(
      const std::vector<notification_key>& keys);
  /// Ids of those that are there, at most 1,000.
  result<std::map<notification_key, std::string>> ids_of(const std::set<notification_key>& keys);
  /// The application's name, and its holds; the latest first, at most 100.
  result<std::vector<std::pair<std::string, token_hold>>> token_holds();
  /// How many wait for somebody's decision.
  result<uint64_t> open_holds();
  /// Whose hold it is. Errors: not_found.
  result<application_id> application_of_hold(uint64_t hold);

 private:
  database& db_;
};

}  // namespace pusher
