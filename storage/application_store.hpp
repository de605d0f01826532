// Applications in MariaDB, from their making to the last row that they leave behind.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/access.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class application_store {
 public:
  explicit application_store(database& db) : db_(db) {}

  static constexpr size_t most_applications = 10'000;

  struct created {
    application value;
    bool replayed = false;  ///< the same call made it before
  };
  /// Errors: conflict (the name is taken, or there are too many), idempotency_mismatch.
  result<created> create(const std::string& name,
                         const std::optional<std::string>& idempotency_key = std::nullopt);
  /// By its name or its id. Errors: not_found.
  result<application> find(const std::string& name_or_id);
  /// Errors: not_found.
  result<application> get(application_id app);
  /// In order of their making, from the one behind `after`.
  result<std::vector<application>> list(application_id after, size_t limit);

  using edit = std::function<result<void>(application& now)>;
  /// Takes over its name and how long things of it stay, as `how` leaves them; an error of `how` changes
  /// nothing. Errors: not_found, conflict (the name is taken, or `default` would be renamed).
  result<application> change(application_id app, const edit& how);

  // What follows is refused for the application `default`: conflict. Errors of each: not_found.

  /// From now on its keys are refused, and nothing of it is launched or goes on.
  result<application> suspend(application_id app);
  result<application> resume(application_id app);
  /// From now on nobody finds it, and its name is free. What is under way is canceled; its rows go in
  /// purge().
  result<void> remove(application_id app);

  /// Its notifications that the senders have to be told of: launched or sending.
  result<std::vector<notification_key>> under_way(application_id app);
  /// How many notifications each application that is not suspended has launched or sending; counted no
  /// further than `most` together.
  result<std::map<application_id, size_t>> count_under_way(size_t most);

  /// One step of removing what deleted applications have left behind, at most so many rows of each table;
  /// whether it found any. An application's own row stays for `grace_ms`, for requests that were under way
  /// when it was deleted.
  result<bool> purge(size_t most_rows, utc_ms grace_ms = 10 * 60 * 1000);

 private:
  database& db_;
};

/// What the launch of notifications leaves out, as a condition on `application_id`: suspended applications.
extern const std::string of_active_applications;

}  // namespace pusher
