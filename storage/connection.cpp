#include "storage/connection.hpp"

#include <errmsg.h>
#include <mysqld_error.h>

#include <mutex>

#include "storage/idle_socket.hpp"
#include "storage/mariadb_files.hpp"
#include "storage/refusal_watch.hpp"
#include "storage/store_wait.hpp"

namespace pusher {

namespace {

constexpr unsigned connect_seconds = 5;
constexpr unsigned answer_seconds = 30;
constexpr std::chrono::seconds idle_before_check{1};
constexpr size_t reason_bytes = 200;

// idle_transaction_timeout (seconds): whoever is stopped or cut off in the middle of a transaction must not
// keep its locks from the others until TCP gives up. in_predicate_...: lists of ids stay ranges of an index,
// however long they are, instead of becoming temporary tables.
const char* const greeting =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 5, "
    "lock_wait_timeout = 20, idle_transaction_timeout = 4, time_zone = '+00:00', autocommit = 1, "
    "in_predicate_conversion_threshold = 0";

bool is_client_error(unsigned code) {
  return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) || (code >= CER_MIN_ERROR && code <= CER_MAX_ERROR);
}

/// Server errors after which the connection is of no more use.
bool ends_connection(unsigned code) {
  return is_client_error(code) || code == ER_SERVER_SHUTDOWN || code == ER_CONNECTION_KILLED ||
         code == ER_NEW_ABORTING_CONNECTION;
}

/// What its disk has of a table is not what was written.
bool is_damaged(unsigned code) {
  switch (code) {
    case ER_ERROR_ON_READ:
    case ER_NOT_KEYFILE:
    case ER_CRASHED_ON_USAGE:
    case ER_CRASHED_ON_REPAIR:
    case ER_INDEX_CORRUPT:
    case ER_INNODB_INDEX_CORRUPT:
    case ER_TABLE_CORRUPT:
    case ER_TABLESPACE_MISSING:
    case ER_NO_SUCH_TABLE_IN_ENGINE:
      return true;
    default:
      return false;
  }
}

errc cause_of(unsigned code) {
  if (is_client_error(code) || is_damaged(code)) return errc::store_unavailable;
  switch (code) {
    case ER_CON_COUNT_ERROR:
    case ER_OUT_OF_RESOURCES:
    case ER_OUTOFMEMORY:
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_NO_SUCH_TABLE:
    case ER_SERVER_SHUTDOWN:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_ERROR_ON_WRITE:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_QUERY_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT:
    case ER_CONNECTION_KILLED:
    case ER_NEW_ABORTING_CONNECTION:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_GET_ERRNO:
      return errc::store_unavailable;
    default:
      return errc::internal;
  }
}

/// 28 is ENOSPC, which the engine passes on in its own words.
bool is_full(unsigned code, std::string_view text) {
  return code == ER_DISK_FULL || code == ER_RECORD_FILE_FULL || code == ER_ERROR_ON_WRITE ||
         (code == ER_GET_ERRNO && text.find("error 28 ") != std::string_view::npos);
}

}  // namespace

database::connection::~connection() {
  statements_.clear();
  if (handle_) mysql_close(handle_);
}

result<void> database::connection::connect(const mysql_settings& endpoint, bool schema) {
  static std::once_flag library;
  std::call_once(library, [] { mysql_library_init(0, nullptr, nullptr); });
  handle_ = mysql_init(nullptr);
  if (!handle_) return error{errc::store_unavailable, "MariaDB: out of memory", "", 1};
  const my_bool off = 0;
  const unsigned no_files = 0;
  mysql_options(handle_, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
  mysql_options(handle_, MYSQL_OPT_READ_TIMEOUT, &answer_seconds);
  mysql_options(handle_, MYSQL_OPT_WRITE_TIMEOUT, &answer_seconds);
  mysql_options(handle_, MYSQL_OPT_RECONNECT, &off);
  mysql_options(handle_, MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_options(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(handle_, MYSQL_INIT_COMMAND, greeting);
  auto optional = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  // CLIENT_FOUND_ROWS: an UPDATE counts the rows that it matched, so that repeating it tells the same.
  if (!mysql_real_connect(handle_, optional(endpoint.host), endpoint.user.c_str(), endpoint.password.c_str(),
                          schema ? endpoint.database.c_str() : nullptr, endpoint.port,
                          optional(endpoint.unix_socket), CLIENT_FOUND_ROWS)) {
    auto reason = connection_failure("connecting");
    lost_ = true;
    return reason;
  }
  last_used_ = std::chrono::steady_clock::now();
  return {};
}

bool database::connection::usable() {
  if (lost_ || closed_while_idle(mysql_get_socket(handle_))) return false;
  auto now = std::chrono::steady_clock::now();
  bool fresh = now - last_used_ < idle_before_check;
  last_used_ = now;
  return fresh || mysql_ping(handle_) == 0;
}

result<void> database::connection::run(const char* doing, std::string_view sql) {
  last_error_ = 0;
  store_wait waits(&store_waits::mariadb);
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) return connection_failure(doing);
  return {};
}

result<sql_statement*> database::connection::prepared(const char* doing, std::string_view sql) {
  last_error_ = 0;
  if (auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
  auto* handle = mysql_stmt_init(handle_);
  if (!handle) return connection_failure(doing);
  auto made = std::make_unique<sql_statement>(handle);
  if (!made->prepare(sql)) return statement_failure(doing, *made);
  return statements_.emplace(sql, std::move(made)).first->second.get();
}

result<uint64_t> database::connection::execute(const char* doing, std::string_view sql,
                                               const sql_parameters& parameters) {
  auto found = prepared(doing, sql);
  if (!found) return found.failure();
  if (!(*found)->execute(parameters)) return statement_failure(doing, **found);
  last_insert_id_ = mysql_stmt_insert_id((*found)->handle());
  return mysql_stmt_affected_rows((*found)->handle());
}

result<uint64_t> database::connection::execute_bulk(const char* doing, std::string_view sql,
                                                    const bulk_rows& rows) {
  if (rows.empty()) return uint64_t{0};
  auto found = prepared(doing, sql);
  if (!found) return found.failure();
  if (!(*found)->execute_bulk(rows)) return statement_failure(doing, **found);
  return mysql_stmt_affected_rows((*found)->handle());
}

error database::connection::statement_failure(const char* doing, sql_statement& statement) {
  // An error among the rows of a result (a deadlock under FOR UPDATE, a cut connection) is noted only in the
  // connection.
  bool in_statement = mysql_stmt_errno(statement.handle()) != 0;
  auto reason = in_statement ? failure(doing, mysql_stmt_errno(statement.handle()),
                                       mysql_stmt_error(statement.handle()))
                             : connection_failure(doing);
  statement.finish();
  return reason;
}

error database::connection::connection_failure(const char* doing) {
  return failure(doing, mysql_errno(handle_), mysql_error(handle_));
}

error database::connection::failure(const char* doing, unsigned code, const char* text) {
  last_error_ = code;
  if (ends_connection(code)) lost_ = true;
  auto cause = cause_of(code);
  std::string detail = std::string("MariaDB: ") + doing + ": error " + std::to_string(code);
  // Texts of other errors may quote values of rows.
  if (cause == errc::store_unavailable) detail += ", " + std::string(text).substr(0, reason_bytes);
  if (code == ER_BAD_DB_ERROR || code == ER_NO_SUCH_TABLE)
    detail += " (was MariaDB emptied or replaced? docs/incidents.md says how to go on)";
  if (is_full(code, text)) mariadb_room().refused(detail);
  // Without MariaDB's own advice, to drop the table.
  if (is_damaged(code))
    mariadb_damage().refused("files of MariaDB are damaged (" + detail.substr(0, detail.find(". Please")) +
                             "). " + std::string(after_damage));
  return {cause, detail, "", cause == errc::store_unavailable ? 1u : 0u};
}

}  // namespace pusher
