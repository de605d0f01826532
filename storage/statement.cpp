#include <algorithm>

#include "storage/connection.hpp"
#include "storage/store_wait.hpp"

namespace pusher {

namespace {

constexpr size_t first_buffer_bytes = 256;
// Few sizes of IN lists, so that the cache of statements stays small.
constexpr std::array<size_t, 4> list_sizes{1, 16, 128, 1000};

bool is_integer(enum_field_types type) {
  switch (type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
      return true;
    default:
      return false;
  }
}

MYSQL_BIND bind_parameter(const sql_parameter& from) {
  MYSQL_BIND to{};
  switch (from.type) {
    case sql_parameter::kind::null:
      to.buffer_type = MYSQL_TYPE_NULL;
      break;
    case sql_parameter::kind::unsigned_number:
    case sql_parameter::kind::signed_number:
      to.buffer_type = MYSQL_TYPE_LONGLONG;
      to.buffer = const_cast<uint64_t*>(&from.number);
      to.is_unsigned = from.type == sql_parameter::kind::unsigned_number;
      break;
    case sql_parameter::kind::text:
      to.buffer_type = MYSQL_TYPE_STRING;
      to.buffer = const_cast<char*>(from.text.empty() ? "" : from.text.data());
      to.buffer_length = from.text.size();
      break;
  }
  return to;
}

}  // namespace

sql_parameter::sql_parameter(const sha256_digest& value)
    : type(kind::text), text(reinterpret_cast<const char*>(value.data()), value.size()) {}

bool sql_statement::prepare(std::string_view sql) {
  if (mysql_stmt_prepare(handle_, sql.data(), sql.size()) != 0) return false;
  bind_columns();
  return true;
}

bool sql_statement::execute(const sql_parameters& parameters) {
  const unsigned no_array = 0;
  mysql_stmt_attr_set(handle_, STMT_ATTR_ARRAY_SIZE, &no_array);
  parameters_.clear();
  for (const auto& each : parameters)
    parameters_.push_back(bind_parameter(each));
  if (!parameters_.empty() && mysql_stmt_bind_param(handle_, parameters_.data()) != 0) return false;
  store_wait waits(&store_waits::mariadb);
  if (mysql_stmt_execute(handle_) != 0) return false;
  return columns_.empty() || mysql_stmt_bind_result(handle_, columns_.data()) == 0;
}

bool sql_statement::execute_bulk(const bulk_rows& rows) {
  parameters_.clear();
  for (auto& column : rows.columns_) {
    MYSQL_BIND to{};
    if (column.type == bulk_rows::kind::number) {
      to.buffer_type = MYSQL_TYPE_LONGLONG;
      to.is_unsigned = 1;
      to.buffer = const_cast<uint64_t*>(column.numbers.data());
    } else {
      to.buffer_type = MYSQL_TYPE_STRING;
      to.buffer = const_cast<char**>(column.texts.data());
      to.length = const_cast<unsigned long*>(column.lengths.data());
    }
    to.u.indicator = const_cast<char*>(column.indicators.data());
    parameters_.push_back(to);
  }
  auto count = static_cast<unsigned>(rows.size());
  mysql_stmt_attr_set(handle_, STMT_ATTR_ARRAY_SIZE, &count);
  store_wait waits(&store_waits::mariadb);
  return mysql_stmt_bind_param(handle_, parameters_.data()) == 0 && mysql_stmt_execute(handle_) == 0;
}

void sql_statement::bind_columns() {
  std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> facts(mysql_stmt_result_metadata(handle_),
                                                                 mysql_free_result);
  if (!facts) return;
  auto count = mysql_num_fields(facts.get());
  const auto* fields = mysql_fetch_fields(facts.get());
  row_.columns_.resize(count);
  columns_.assign(count, MYSQL_BIND{});
  for (unsigned i = 0; i < count; ++i) {
    auto& to = row_.columns_[i];
    auto& bind = columns_[i];
    bind.is_null = &to.is_null;
    bind.error = &to.cut;
    bind.length = &to.length;
    if (is_integer(fields[i].type)) {
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = &to.number;
      bind.is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
    } else {
      to.buffer.resize(first_buffer_bytes);
      bind.buffer_type = MYSQL_TYPE_STRING;
      bind.buffer = to.buffer.data();
      bind.buffer_length = to.buffer.size();
    }
  }
}

sql_statement::fetched sql_statement::fetch() {
  switch (mysql_stmt_fetch(handle_)) {
    case 0:
      return fetched::row;
    case MYSQL_NO_DATA:
      return fetched::end;
    case MYSQL_DATA_TRUNCATED:
      return grow_cut_columns() ? fetched::row : fetched::failed;
    default:
      return fetched::failed;
  }
}

/// Gives texts that did not fit a larger buffer, from now on, and reads them again. The client library's
/// releases differ in what reading and binding again leave in the lengths, so those are kept here.
bool sql_statement::grow_cut_columns() {
  std::vector<unsigned long> lengths;
  for (unsigned i = 0; i < columns_.size(); ++i) {
    auto& to = row_.columns_[i];
    lengths.push_back(to.length);
    if (columns_[i].buffer_type != MYSQL_TYPE_STRING || to.length <= to.buffer.size()) continue;
    to.buffer.resize(std::max<size_t>(to.length, to.buffer.size() * 2));
    columns_[i].buffer = to.buffer.data();
    columns_[i].buffer_length = to.buffer.size();
    auto whole = columns_[i];
    unsigned long length = 0;
    char is_null = 0, cut = 0;
    whole.length = &length;
    whole.is_null = &is_null;
    whole.error = &cut;
    if (mysql_stmt_fetch_column(handle_, &whole, i, 0) != 0) return false;
  }
  if (mysql_stmt_bind_result(handle_, columns_.data()) != 0) return false;
  for (size_t i = 0; i < lengths.size(); ++i)
    row_.columns_[i].length = lengths[i];
  return true;
}

size_t padded_size(size_t count) {
  for (auto size : list_sizes)
    if (count <= size) return size;
  return count;
}

std::string placeholders(size_t count) {
  std::string list = "?";
  for (size_t i = 1; i < padded_size(count); ++i)
    list += ",?";
  return list;
}

}  // namespace pusher
