// Segments in MariaDB.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/condition.hpp"
#include "model/result.hpp"
#include "model/segment.hpp"
#include "storage/database.hpp"

namespace pusher {

constexpr size_t most_segments = 1000;  ///< of one application

/// The condition with the application's segments written out, as of this moment and within the caller's
/// transaction. Errors: invalid_condition at `pointer`.
result<condition> write_segments_out(database::connection& on, application_id app, const condition& from,
                                     const std::string& pointer);

class segment_store {
 public:
  explicit segment_store(database& db) : db_(db) {}

  /// Whether a change may take place, judged by what is there now (null = nothing) under the lock.
  using check = std::function<result<void>(const segment* now)>;
  static result<void> anyway(const segment*) { return {}; }

  struct put_result {
    bool created = false;
    segment value;
  };
  /// Saves or replaces. Errors: invalid_condition (at /condition: unknown segment, circle, too large),
  /// conflict (it would break a segment that uses it, or there are too many), those of `allowed`.
  result<put_result> put(application_id app, const std::string& name, const condition& where,
                         const check& allowed = anyway);
  result<segment> get(application_id app, const std::string& name);
  /// Errors: not_found, conflict (another segment uses it), those of `allowed`.
  result<void> erase(application_id app, const std::string& name, const check& allowed = anyway);
  /// In order of names, from the one behind `after`.
  result<std::vector<segment>> list(application_id app, const std::string& after, size_t limit);
  /// write_segments_out in a transaction of its own.
  result<condition> write_out(application_id app, const condition& from, const std::string& pointer);

 private:
  database& db_;
};

}  // namespace pusher
