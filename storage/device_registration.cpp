#include "storage/device_registration.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "storage/device_event_rows.hpp"

namespace pusher {

namespace {

constexpr size_t list_length = 1000;
constexpr size_t bulk_bytes = 4 * 1024 * 1024;  // well below any server's max_allowed_packet

using column = bulk_rows::kind;

std::string_view bytes_of(const sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string token_key(const device& value, const sha256_digest& hash) {
  std::string key(bytes_of(hash));
  key += static_cast<char>(value.gateway);
  key += static_cast<char>(value.environment);
  return key;
}

/// Writes rows in portions that a server accepts.
class bulk_writer {
 public:
  bulk_writer(database::connection& on, const char* doing, std::string sql,
              const std::vector<column>& columns)
      : on_(on), doing_(doing), sql_(std::move(sql)), rows_(columns) {}

  bulk_rows& rows() { return rows_; }
  /// After each row, with the bytes that it added.
  result<void> added(size_t bytes) {
    bytes_ += bytes;
    return bytes_ >= bulk_bytes || rows_.size() >= list_length ? flush() : result<void>();
  }
  result<void> flush() {
    auto written = on_.execute_bulk(doing_, sql_, rows_);
    rows_.clear();
    bytes_ = 0;
    return written ? result<void>() : written.failure();
  }

 private:
  database::connection& on_;
  const char* doing_;
  std::string sql_;
  bulk_rows rows_;
  size_t bytes_ = 0;
};

size_t bytes_of(const device& value) {
  return value.device_id.size() + value.push_token.size() + value.properties.size() + 512;
}

/// Of the places in insertion(), which device_registration::add_row fills.
const std::vector<column> row_columns{column::number, column::number, column::number, column::text,
                                      column::text,   column::text,   column::text,   column::text,
                                      column::text,   column::text,   column::text,   column::text,
                                      column::number, column::number, column::number, column::text};

std::string insertion(const char* more_columns, const char* more_places) {
  return "INSERT INTO devices (gateway, environment, platform, push_token, p256dh, auth, user_id, locale, "
         "time_zone, "
         "app_version, properties, token_hash, disabled, disabled_at, application_id, device_id, created_at, "
         "updated_at, last_seen_at, token_registered_at" +
         std::string(more_columns) + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, IF(? = 0, 0, " +
         database_now + "), ?, ?, " + database_now + ", " + database_now + ", " + database_now + ", " +
         database_now + more_places + ")";
}

/// What a known device becomes. updated_at moves with a change of what the client says, last_seen_at at most
/// once an hour. The assignments are made from left to right, so those that compare come first.
std::string overwriting() {
  std::string sets, same;
  for (const char* name : {"gateway", "environment", "platform", "push_token", "p256dh", "auth", "user_id",
                           "locale", "time_zone", "app_version", "properties", "token_hash", "disabled"}) {
    sets += ", " + std::string(name) + " = VALUES(" + name + ")";
    same += std::string(same.empty() ? "" : " AND ") + name + " <=> VALUES(" + name + ")";
  }
  return " ON DUPLICATE KEY UPDATE updated_at = IF(" + same +
         ", updated_at, VALUES(updated_at)), last_seen_at = IF(last_seen_at > VALUES(last_seen_at) - " +
         std::to_string(last_seen_precision_ms) +
         ", last_seen_at, VALUES(last_seen_at)), token_registered_at = VALUES(token_registered_at), "
         "disabled_at = "
         "VALUES(disabled_at)" +
         sets;
}

}  // namespace

sha256_digest moved_token_hash(const std::string& device_id) {
  return sha256("\xFFmoved:" + device_id);
}

device_registration::device_registration(database::connection& on, application_id app,
                                         const std::vector<device>& values, held_token held)
    : on_(on), app_(app), held_(held) {
  collect(values);
}

void device_registration::collect(const std::vector<device>& values) {
  std::unordered_map<std::string_view, size_t> last_of;
  for (size_t i = 0; i < values.size(); ++i)
    last_of[values[i].device_id] = i;
  std::unordered_map<std::string, size_t> token_owner;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& value = values[i];
    if (last_of[value.device_id] != i) continue;
    by_device_.emplace(value.device_id, entries_.size());
    entries_.emplace_back();
    entries_.back().value = &value;
    entries_.back().hash = sha256(value.push_token);
    auto [owner, first] =
        token_owner.try_emplace(token_key(value, entries_.back().hash), entries_.size() - 1);
    if (first) continue;
    auto& loser = entries_[owner->second];
    loser.loses_token = true;
    loser.hash = moved_token_hash(loser.value->device_id);
    moved_.push_back({{}, owner->second, entries_.size() - 1, {}});
    owner->second = entries_.size() - 1;
  }
  for (const auto& value : values)
    entry_of_value_.push_back(by_device_.at(value.device_id));
}

result<std::vector<bool>> device_registration::run() {
  auto names = read_indexed_properties(on_, app_, true);
  if (!names) return names.failure();
  index_.emplace(std::move(*names));
  for (auto step :
       {&device_registration::find_existing, &device_registration::find_holders, &device_registration::vacate,
        &device_registration::update_existing, &device_registration::note_last_key,
        &device_registration::insert_new, &device_registration::learn_new_keys,
        &device_registration::write_index, &device_registration::write_events})
    if (auto done = (this->*step)(); !done) return std::move(done).failure();
  std::vector<bool> created;
  std::vector<bool> seen(entries_.size());
  for (auto at : entry_of_value_) {
    created.push_back(entries_[at].is_new && !seen[at]);
    seen[at] = true;
  }
  return created;
}

result<void> device_registration::find_existing() {
  // Sorted, so that parallel registrations lock common rows in the same order.
  std::vector<std::string_view> ids;
  for (const auto& each : entries_)
    ids.push_back(each.value->device_id);
  std::sort(ids.begin(), ids.end());
  for (size_t from = 0; from < ids.size(); from += list_length) {
    auto to = std::min(from + list_length, ids.size());
    sql_parameters parameters{app_};
    add_padded(parameters, ids.begin() + static_cast<long>(from), ids.begin() + static_cast<long>(to));
    auto read =
        on_.query("finding devices",
                  "SELECT device_id, id, gateway, environment, token_hash, disabled" +
                      std::string(index_->empty() ? "" : ", properties") +
                      " FROM devices FORCE INDEX (by_device) WHERE application_id = ? AND device_id IN (" +
                      placeholders(to - from) + ") FOR UPDATE",
                  parameters, [&](const sql_row& row) {
                    if (auto at = by_device_.find(row.text(0)); at != by_device_.end())
                      found_existing(entries_[at->second], row);
                  });
    if (!read) return read.failure();
  }
  return {};
}

void device_registration::found_existing(entry& of, const sql_row& row) {
  of.key.value = row.number(1);
  of.is_new = false;
  of.other_token = row.number(2) != static_cast<uint64_t>(of.value->gateway) ||
                   row.number(3) != static_cast<uint64_t>(of.value->environment) ||
                   row.text(4) != bytes_of(of.hash);
  of.was_disabled = row.number(5) != 0;
  if (!index_->empty()) of.properties_before = row.text(6);
}

result<void> device_registration::find_holders() {
  std::map<std::pair<gateway, environment>, std::vector<size_t>> groups;
  for (size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].loses_token)
      groups[{entries_[i].value->gateway, entries_[i].value->environment}].push_back(i);
  for (auto& [kind, entries] : groups) {
    std::sort(entries.begin(), entries.end(),
              [this](size_t a, size_t b) { return entries_[a].hash < entries_[b].hash; });
    if (auto found = find_holders_among(kind.first, kind.second, entries); !found) return found;
  }
  return {};
}

result<void> device_registration::find_holders_among(gateway gateway, environment environment,
                                                     const std::vector<size_t>& entries) {
  std::unordered_map<std::string_view, size_t> owner;
  std::vector<std::string_view> hashes;
  for (auto at : entries) {
    hashes.push_back(bytes_of(entries_[at].hash));
    owner[hashes.back()] = at;
  }
  for (size_t from = 0; from < hashes.size(); from += list_length) {
    auto to = std::min(from + list_length, hashes.size());
    sql_parameters parameters{app_, static_cast<unsigned>(gateway), static_cast<unsigned>(environment)};
    add_padded(parameters, hashes.begin() + static_cast<long>(from), hashes.begin() + static_cast<long>(to));
    auto read = on_.query(
        "finding holders of tokens",
        "SELECT id, device_id, token_hash FROM devices FORCE INDEX (by_token) WHERE application_id = ? AND "
        "gateway = ? AND environment = ? AND token_hash IN (" +
            placeholders(to - from) + ") FOR UPDATE",
        parameters, [&](const sql_row& row) {
          auto at = owner.find(row.text(2));
          if (at == owner.end() || entries_[at->second].value->device_id == row.text(1)) return;
          moved_.push_back(
              {device_key{row.number(0)}, 0, at->second, moved_token_hash(std::string(row.text(1)))});
        });
    if (!read) return read.failure();
  }
  if (held_ == held_token::is_refused && !moved_.empty())
    return error{errc::conflict, "Another device holds this push token", "", 0};
  return {};
}

/// Frees the tokens before they are written elsewhere: two devices of a batch may swap theirs.
result<void> device_registration::vacate() {
  bulk_writer writer(on_, "moving tokens",
                     "UPDATE devices SET token_hash = ?, disabled = ?, disabled_at = " + database_now +
                         ", updated_at = " + database_now + " WHERE application_id = ? AND id = ?",
                     {column::text, column::number, column::number, column::number});
  for (const auto& each : moved_) {
    if (!each.from) continue;
    writer.rows()
        .add(bytes_of(each.tombstone))
        .add(static_cast<uint64_t>(disabled_reason::token_moved))
        .add(app_.value)
        .add(each.from.value);
    if (auto done = writer.added(64); !done) return done;
  }
  return writer.flush();
}

void device_registration::add_row(bulk_rows& rows, const entry& each) const {
  const auto& value = *each.value;
  auto disabled =
      static_cast<uint64_t>(each.loses_token ? disabled_reason::token_moved : disabled_reason::none);
  std::optional<std::string> none;
  rows.add(static_cast<uint64_t>(value.gateway))
      .add(static_cast<uint64_t>(value.environment))
      .add(static_cast<uint64_t>(value.platform))
      .add(std::string_view(value.push_token));
  if (value.keys)
    rows.add(std::string_view(value.keys->p256dh)).add(std::string_view(value.keys->auth));
  else
    rows.add(none).add(none);
  rows.add(value.user_id)
      .add(value.locale)
      .add(value.time_zone)
      .add(value.app_version)
      .add(std::string_view(value.properties))
      .add(bytes_of(each.hash))
      .add(disabled)
      .add(disabled)
      .add(app_.value)
      .add(std::string_view(value.device_id));
}

/// An UPDATE would say the same at twice the cost. The rows exist and are locked, so the primary key is what
/// is found duplicate, and a token that someone else registers meanwhile is still an error.
result<void> device_registration::update_existing() {
  static const std::string sql = insertion(", id", ", ?") + overwriting();
  auto columns = row_columns;
  columns.push_back(column::number);
  bulk_writer writer(on_, "updating devices", sql, columns);
  for (const auto& each : entries_) {
    if (each.is_new) continue;
    add_row(writer.rows(), each);
    writer.rows().add(each.key.value);
    if (auto done = writer.added(bytes_of(*each.value)); !done) return done;
  }
  return writer.flush();
}

result<void> device_registration::insert_new() {
  static const std::string sql = insertion("", "");
  bulk_writer writer(on_, "inserting devices", sql, row_columns);
  for (const auto& each : entries_) {
    if (!each.is_new) continue;
    add_row(writer.rows(), each);
    if (auto done = writer.added(bytes_of(*each.value)); !done) return done;
  }
  return writer.flush();
}

/// The highest key before new rows are inserted, when something will refer to them: theirs are higher.
result<void> device_registration::note_last_key() {
  bool moves_to_new = std::any_of(moved_.begin(), moved_.end(), [this](const moved_token& each) {
    return entries_[each.to_entry].is_new || (!each.from && entries_[each.from_entry].is_new);
  });
  bool any_new = std::any_of(entries_.begin(), entries_.end(), [](const entry& each) { return each.is_new; });
  keys_wanted_ = any_new && (moves_to_new || !index_->empty());
  if (!keys_wanted_) return {};
  auto read = on_.query("reading the last device", "SELECT MAX(id) FROM devices WHERE application_id = ?",
                        {app_}, [this](const sql_row& row) { last_key_.value = row.number(0); });
  return read ? result<void>() : read.failure();
}

/// New rows bear their keys only once they are there.
result<void> device_registration::learn_new_keys() {
  if (!keys_wanted_) return {};
  auto read =
      on_.query("finding new devices",
                "SELECT id, device_id FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id > ?",
                {app_, last_key_}, [this](const sql_row& row) {
                  auto at = by_device_.find(row.text(1));
                  if (at != by_device_.end()) entries_[at->second].key.value = row.number(0);
                });
  return read ? result<void>() : read.failure();
}

result<void> device_registration::write_index() {
  if (index_->empty()) return {};
  for (const auto& each : entries_)
    index_->change(each.key, each.properties_before, each.value->properties);
  return index_->write(on_);
}

result<void> device_registration::write_events() {
  std::vector<new_device_event> events;
  for (const auto& each : moved_) {
    auto from = each.from ? each.from : entries_[each.from_entry].key;
    auto to = entries_[each.to_entry].key;
    events.push_back({from, device_event_type::token_moved_out, to, {}});
    events.push_back({to, device_event_type::token_moved_in, from, {}});
  }
  std::set<device_key> moved_in;
  for (const auto& each : moved_)
    moved_in.insert(entries_[each.to_entry].key);
  for (const auto& each : entries_) {
    if (each.is_new || each.loses_token) continue;
    if (each.was_disabled) events.push_back({each.key, device_event_type::enabled, {}, {}});
    if (each.other_token && !moved_in.count(each.key))
      events.push_back({each.key, device_event_type::token_replaced, {}, {}});
  }
  feed_rows feed;
  if (auto written = write_device_events(on_, app_, events, feed); !written) return written;
  return feed.write(on_);
}

}  // namespace pusher
