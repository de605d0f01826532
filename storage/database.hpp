// One connection to MariaDB: connects when first used, and anew after a failure.
#pragma once

#include <memory>
#include <string>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Not thread-safe: each actor or thread owns its own. Errors of every call: store_unavailable (also after a
/// lost connection; the outcome of a commit is then unknown, so transactions must be safe to repeat),
/// corrupt_data.
class database {
 public:
  explicit database(mysql_settings endpoint);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Connects if needed and asks the server for an answer.
  result<void> ping();

  /// Creates the database on the server when it is not there and the user may do so.
  result<void> create_if_missing();

  struct connection;
  /// The open connection, for the stores of this folder.
  result<connection*> open();
  /// Throws the connection away, e.g. after a time-out.
  void drop();

 private:
  mysql_settings endpoint_;
  std::unique_ptr<connection> connection_;
};

/// Brings the schema to this binary's version, under a lock, and creates the application `default`.
/// Errors: schema_too_new, store_unavailable.
result<void> migrate(database& db);

}  // namespace pusher
