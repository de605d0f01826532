#include "storage/property_index_rows.hpp"

#include <algorithm>
#include <iterator>

#include "model/property_index.hpp"

namespace pusher {

namespace {

constexpr size_t bulk_rows_most = 5000;

using column = bulk_rows::kind;

template <class Row>
result<void> write_bulk(database::connection& on, const char* doing, const char* sql,
                        std::vector<Row>& rows) {
  // In index order, so that parallel writers lock common rows in the same order.
  std::sort(rows.begin(), rows.end());
  for (size_t from = 0; from < rows.size(); from += bulk_rows_most) {
    bulk_rows bulk({column::number, column::number, column::number});
    for (size_t at = from; at < std::min(from + bulk_rows_most, rows.size()); ++at)
      bulk.add(std::get<0>(rows[at])).add(std::get<1>(rows[at])).add(std::get<2>(rows[at]));
    auto done = on.execute_bulk(doing, sql, bulk);
    if (!done) return done.failure();
  }
  rows.clear();
  return {};
}

}  // namespace

result<std::vector<indexed_property>> read_indexed_properties(database::connection& on, application_id app,
                                                              bool lock) {
  // The application's row is what is locked, and alone: who writes the names' rows never waits for a reader.
  if (lock) {
    auto locked =
        on.query("locking the indexed names", "SELECT id FROM applications WHERE id = ? LOCK IN SHARE MODE",
                 {app}, [](const sql_row&) {});
    if (!locked) return locked.failure();
  }
  std::vector<indexed_property> found;
  auto read =
      on.query("reading the indexed names",
               "SELECT id, name, state, has_open FROM indexed_properties WHERE application_id = ? AND "
               "state <> ? ORDER BY id",
               {app, static_cast<unsigned>(index_state::dropping)}, [&](const sql_row& row) {
                 found.push_back({static_cast<uint32_t>(row.number(0)), std::string(row.text(1)),
                                  static_cast<index_state>(row.number(2)), row.number(3) != 0});
               });
  if (!read) return read.failure();
  return found;
}

property_index_rows::property_index_rows(std::vector<indexed_property> names)
    : names_(std::move(names)), opened_(names_.size()) {
  for (const auto& each : names_)
    name_texts_.push_back(each.name);
}

void property_index_rows::change(device_key device, std::string_view before, std::string_view after) {
  if (empty() || before == after) return;
  auto had = index_entries_of(before, name_texts_), has = index_entries_of(after, name_texts_);
  for (size_t i = 0; i < names_.size(); ++i) {
    auto rows_into = [&, index = uint64_t{names_[i].id}](const auto& a, const auto& b,
                                                         std::vector<row>& into) {
      std::vector<uint64_t> only;
      std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
      for (auto hash : only)
        into.emplace_back(index, hash, device.value);
    };
    rows_into(has[i].hashes, had[i].hashes, added_);
    rows_into(had[i].hashes, has[i].hashes, removed_);
    if (has[i].open && !names_[i].has_open) opened_[i] = true;
  }
}

result<void> property_index_rows::write(database::connection& on) {
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!opened_[i]) continue;
    auto noted = on.execute("noting an open name", "UPDATE indexed_properties SET has_open = 1 WHERE id = ?",
                            {names_[i].id});
    if (!noted) return noted.failure();
  }
  if (auto done = write_bulk(on, "removing from the index",
                             "DELETE FROM property_index WHERE index_id = ? AND hash = ? AND device_id = ?",
                             removed_);
      !done)
    return done;
  // A row may be there already: a name that is being built reaches the same devices.
  return write_bulk(on, "adding to the index",
                    "INSERT IGNORE INTO property_index (index_id, hash, device_id) VALUES (?, ?, ?)", added_);
}

}  // namespace pusher
