// The open connection behind a database: prepared statements, transactions, bulk writes, errors by cause.
#pragma once

#include <mysql.h>

#include <array>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/device.hpp"
#include "model/ids.hpp"
#include "storage/bulk_rows.hpp"
#include "storage/database.hpp"

namespace pusher {

/// The database's clock, UTC milliseconds. Every stored time comes from it, never from a host's clock.
inline const std::string database_now = "CAST(UNIX_TIMESTAMP(NOW(3))*1000 AS INTEGER)";

/// One `?` of a statement. Text is not copied: it must live until the statement has run.
class sql_parameter {
 public:
  enum class kind : uint8_t { null, unsigned_number, signed_number, text };

  template <class Number, std::enable_if_t<std::is_integral_v<Number>, int> = 0>
  sql_parameter(Number value)  // NOLINT(google-explicit-*): lists of parameters are the purpose
      : type(std::is_signed_v<Number> ? kind::signed_number : kind::unsigned_number),
        number(static_cast<uint64_t>(value)) {}
  template <class Tag>
  sql_parameter(row_id<Tag> id)  // NOLINT(google-explicit-*)
      : sql_parameter(id.value) {}
  sql_parameter(std::string_view value) : type(kind::text), text(value) {}    // NOLINT(google-explicit-*)
  sql_parameter(const std::string& value) : type(kind::text), text(value) {}  // NOLINT(google-explicit-*)
  sql_parameter(const char* value) : type(kind::text), text(value) {}         // NOLINT(google-explicit-*)
  sql_parameter(const std::optional<std::string>& value)                      // NOLINT(google-explicit-*)
      : type(value ? kind::text : kind::null), text(value ? *value : std::string_view()) {}
  sql_parameter(const sha256_digest& value);  // NOLINT(google-explicit-*)

  kind type = kind::null;
  uint64_t number = 0;
  std::string_view text;
};

using sql_parameters = std::vector<sql_parameter>;

/// One row of a result. Views die with the next row.
class sql_row {
 public:
  uint64_t number(size_t index) const { return null(index) ? 0 : columns_[index].number; }
  int64_t time(size_t index) const { return static_cast<int64_t>(number(index)); }
  bool null(size_t index) const { return columns_[index].is_null != 0; }
  std::string_view text(size_t index) const {
    const auto& at = columns_[index];
    return at.is_null ? std::string_view() : std::string_view(at.buffer.data(), at.length);
  }
  std::optional<std::string> optional_text(size_t index) const {
    return null(index) ? std::nullopt : std::optional<std::string>(text(index));
  }

 private:
  friend class sql_statement;
  struct column {
    uint64_t number = 0;
    std::vector<char> buffer;
    unsigned long length = 0;
    my_bool is_null = 0, cut = 0;
  };
  std::vector<column> columns_;
};

/// A prepared statement with buffers that are kept from one execution to the next.
class sql_statement {
 public:
  explicit sql_statement(MYSQL_STMT* handle) : handle_(handle) {}
  ~sql_statement() { mysql_stmt_close(handle_); }
  sql_statement(const sql_statement&) = delete;
  sql_statement& operator=(const sql_statement&) = delete;

  // Each returns whether it went well; the reason is in the handle.
  bool prepare(std::string_view sql);
  bool execute(const sql_parameters& parameters);
  bool execute_bulk(const bulk_rows& rows);
  enum class fetched : uint8_t { row, end, failed };
  fetched fetch();
  /// Skips what was not fetched.
  void finish() { mysql_stmt_free_result(handle_); }

  MYSQL_STMT* handle() { return handle_; }
  const sql_row& row() const { return row_; }

 private:
  void bind_columns();
  bool grow_cut_columns();

  MYSQL_STMT* handle_;
  std::vector<MYSQL_BIND> parameters_, columns_;
  sql_row row_;
};

/// Not thread-safe. After any failure of the connection itself it is `lost` and the next open() makes
/// another.
struct database::connection {
 public:
  connection() = default;
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// With `schema` = false no database is chosen, which works before it exists.
  result<void> connect(const mysql_settings& endpoint, bool schema);
  bool lost() const { return lost_; }
  /// Whether it still answers, asked only when it has been idle for a while.
  bool usable();

  /// A statement without parameters, outside the cache.
  result<void> run(const char* doing, std::string_view sql);
  /// Runs a prepared statement; the rows that it matched (UPDATE, also those that were the same before) or
  /// made.
  result<uint64_t> execute(const char* doing, std::string_view sql, const sql_parameters& parameters);
  /// Runs it once per row, in one round trip.
  result<uint64_t> execute_bulk(const char* doing, std::string_view sql, const bulk_rows& rows);
  /// Calls `visit(const sql_row&)` per row; when it returns false, the rest is skipped. `visit` must not use
  /// the connection. The number of rows visited.
  template <class Visit>
  result<size_t> query(const char* doing, std::string_view sql, const sql_parameters& parameters,
                       Visit visit);

  uint64_t last_insert_id() const { return last_insert_id_; }
  /// The server's error number of the last failure.
  unsigned last_error() const { return last_error_; }
  bool duplicate() const { return last_error_ == 1062; }
  /// Whether the transaction as a whole may succeed when it is run again.
  bool must_repeat() const { return last_error_ == 1213 || last_error_ == 1205; }

  /// Average bytes of a device row, as scans for these parts of it have met them; bounds how much a page asks
  /// for. 0 = not known.
  std::array<size_t, 8> device_row_bytes{};

 private:
  result<sql_statement*> prepared(const char* doing, std::string_view sql);
  error failure(const char* doing, unsigned code, const char* text);
  error statement_failure(const char* doing, sql_statement& statement);
  error connection_failure(const char* doing);

  MYSQL* handle_ = nullptr;
  std::map<std::string, std::unique_ptr<sql_statement>, std::less<>> statements_;
  std::chrono::steady_clock::time_point last_used_;
  uint64_t last_insert_id_ = 0;
  unsigned last_error_ = 0;
  bool lost_ = false;
};

template <class Visit>
result<size_t> database::connection::query(const char* doing, std::string_view sql,
                                           const sql_parameters& parameters, Visit visit) {
  auto found = prepared(doing, sql);
  if (!found) return found.failure();
  auto& statement = **found;
  if (!statement.execute(parameters)) return statement_failure(doing, statement);
  size_t rows = 0;
  for (;;) {
    auto next = statement.fetch();
    if (next == sql_statement::fetched::failed) return statement_failure(doing, statement);
    if (next == sql_statement::fetched::end) break;
    ++rows;
    if constexpr (std::is_same_v<decltype(visit(statement.row())), bool>) {
      if (!visit(statement.row())) break;
    } else {
      visit(statement.row());
    }
  }
  statement.finish();
  return rows;
}

/// `?,?,?` for an IN list. Sizes are rounded up so that few different statements exist; pad the list by
/// repeating.
std::string placeholders(size_t count);
size_t padded_size(size_t count);

/// Adds the values to the parameters, repeating the last one up to the padded size. `values` must not be
/// empty.
template <class Iterator>
void add_padded(sql_parameters& to, Iterator first, Iterator last) {
  auto count = static_cast<size_t>(last - first);
  for (auto at = first; at != last; ++at)
    to.emplace_back(*at);
  for (auto filled = count; filled < padded_size(count); ++filled)
    to.emplace_back(*(last - 1));
}

}  // namespace pusher
