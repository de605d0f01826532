#include "storage/device_plan.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "model/property_index.hpp"
#include "storage/connection.hpp"
#include "storage/property_index_rows.hpp"

namespace pusher {

namespace {

// Reading a device by its key costs some times what it costs within a scan.
constexpr uint64_t scan_advantage = 6;
constexpr uint64_t always_few = 1000;
constexpr uint64_t never_few = 200'000;  // counting alone takes time
constexpr size_t list_length = 1000;

using by_index = std::map<uint32_t, std::vector<uint64_t>>;

by_index grouped(const std::vector<device_plan::value>& values) {
  by_index groups;
  for (const auto& each : values)
    groups[each.index_id].push_back(each.hash);
  for (auto& [id, hashes] : groups) {
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  }
  return groups;
}

/// About how many devices there are, over all applications; a guess of the server's that costs nothing.
result<uint64_t> estimated_devices(database::connection& on) {
  uint64_t rows = 0;
  auto read = on.query("estimating the devices",
                       "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND "
                       "TABLE_NAME = 'devices'",
                       {}, [&](const sql_row& row) { rows = row.number(0); });
  if (!read) return read.failure();
  return rows;
}

/// Counts entries, and stops at `most`.
result<uint64_t> count_entries(database::connection& on, const std::vector<device_plan::value>& values,
                               uint64_t most) {
  uint64_t count = 0;
  for (const auto& [id, hashes] : grouped(values)) {
    sql_parameters parameters{id};
    add_padded(parameters, hashes.begin(), hashes.end());
    parameters.emplace_back(most);
    auto read =
        on.query("counting in an index",
                 "SELECT COUNT(*) FROM (SELECT 1 FROM property_index WHERE index_id = ? AND hash IN (" +
                     placeholders(hashes.size()) + ") LIMIT ?) AS counted",
                 parameters, [&](const sql_row& row) { count += row.number(0); });
    if (!read) return read.failure();
    if (count >= most) break;
  }
  return count;
}

result<uint64_t> count_users(database::connection& on, application_id app,
                             const std::vector<std::string>& users, uint64_t most) {
  uint64_t count = 0;
  for (size_t from = 0; from < users.size() && count < most; from += list_length) {
    auto to = std::min(from + list_length, users.size());
    sql_parameters parameters{app};
    add_padded(parameters, users.begin() + static_cast<long>(from), users.begin() + static_cast<long>(to));
    parameters.emplace_back(most);
    auto read =
        on.query("counting users' devices",
                 "SELECT COUNT(*) FROM (SELECT 1 FROM devices FORCE INDEX (by_user) WHERE application_id = ? "
                 "AND user_id IN (" +
                     placeholders(to - from) + ") LIMIT ?) AS counted",
                 parameters, [&](const sql_row& row) { count += row.number(0); });
    if (!read) return read.failure();
  }
  return count;
}

/// The demand in terms of the index; nothing when it cannot be used.
std::optional<std::vector<device_plan::value>> as_values(const demand& wanted,
                                                         const std::vector<indexed_property>& names) {
  std::vector<device_plan::value> values;
  for (const auto& each : wanted) {
    auto name = std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.name == each.name; });
    if (name == names.end() || (each.by_contains && name->has_open)) return std::nullopt;
    values.push_back({name->id, each.hash, each.by_contains});
  }
  return values;
}

}  // namespace

result<device_plan> make_device_plan(database::connection& on, application_id app, const condition& where) {
  auto names = read_indexed_properties(on, app, false);
  if (!names) return names.failure();
  names->erase(std::remove_if(names->begin(), names->end(),
                              [](const auto& each) { return each.state != index_state::ready; }),
               names->end());
  std::vector<std::string> texts;
  for (const auto& each : *names)
    texts.push_back(each.name);
  auto wanted = demands_of(where, texts);
  auto needs = where.looks_at();
  device_plan best;
  best.parts = (needs.properties ? device_parts::properties : device_parts::none) |
               (needs.attributes ? device_parts::attributes : device_parts::none);
  if (wanted.values.empty() && wanted.users.empty()) return best;
  auto devices = estimated_devices(on);
  if (!devices) return devices.failure();
  auto few = std::clamp(*devices / scan_advantage, always_few, never_few);
  for (const auto& each : wanted.values) {
    auto values = as_values(each, *names);
    if (!values) continue;
    auto count = count_entries(on, *values, few + 1);
    if (!count) return count.failure();
    if (*count > few) continue;
    auto name = each.empty() ? std::string() : each.front().name;
    best = {device_plan::access::index, best.parts, *count, name, std::move(*values), {}};
    few = *count == 0 ? 0 : *count - 1;
  }
  for (auto& users : wanted.users) {
    auto count = count_users(on, app, users, few + 1);
    if (!count) return count.failure();
    if (*count > few) continue;
    best = {device_plan::access::users, best.parts, *count, "", {}, std::move(users)};
    few = *count == 0 ? 0 : *count - 1;
  }
  return best;
}

namespace {

/// Whether the index still has all entries. Asked after reading: entries are dropped only once the name is
/// marked, so what was read before the mark is whole.
result<bool> still_kept(database::connection& on, const device_plan& plan) {
  for (const auto& [id, hashes] : grouped(plan.values)) {
    bool by_contains = std::any_of(plan.values.begin(), plan.values.end(), [id = id](const auto& each) {
      return each.index_id == id && each.by_contains;
    });
    bool kept = false;
    auto read = on.query("checking an index", "SELECT state, has_open FROM indexed_properties WHERE id = ?",
                         {id}, [&](const sql_row& row) {
                           kept = row.number(0) == static_cast<uint64_t>(index_state::ready) &&
                                  (!by_contains || row.number(1) == 0);
                         });
    if (!read) return read.failure();
    if (!kept) return false;
  }
  return true;
}

}  // namespace

result<bool> read_planned_keys(database::connection& on, device_plan& plan, device_key after, device_key last,
                               size_t most, std::vector<uint64_t>& keys) {
  keys.clear();
  for (const auto& [id, hashes] : grouped(plan.values)) {
    sql_parameters parameters{id};
    add_padded(parameters, hashes.begin(), hashes.end());
    parameters.emplace_back(after);
    parameters.emplace_back(last);
    parameters.emplace_back(most + 1);
    auto read = on.query("reading an index",
                         "SELECT device_id FROM property_index WHERE index_id = ? AND hash IN (" +
                             placeholders(hashes.size()) +
                             ") AND device_id > ? AND device_id <= ? ORDER BY device_id LIMIT ?",
                         parameters, [&](const sql_row& row) { keys.push_back(row.number(0)); });
    if (!read) return read.failure();
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  auto kept = still_kept(on, plan);
  if (!kept) return kept.failure();
  if (!*kept) plan = {device_plan::access::scan, plan.parts, 0, "", {}, {}};
  bool all = keys.size() <= most;
  if (!all) keys.resize(most);
  return all;
}

}  // namespace pusher
