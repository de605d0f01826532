// "These notifications", as a condition in SQL.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/ids.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// A condition on the column `id`. Many notifications that are under way at once were mostly created one
/// after the other: as ranges they cost the server a walk along its index, where a list costs it a search for
/// each key, twice.
class key_condition {
 public:
  /// `keys`: sorted, without repeats, not empty.
  explicit key_condition(const std::vector<notification_key>& keys);

  const std::string& sql() const { return sql_; }
  void add_to(sql_parameters& parameters) const {
    parameters.insert(parameters.end(), values_.begin(), values_.end());
  }

 private:
  std::string sql_;
  std::vector<notification_key> values_;  ///< one for each place in sql_
};

}  // namespace pusher
