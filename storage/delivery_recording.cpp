#include "storage/delivery_recording.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "storage/device_event_rows.hpp"
#include "storage/fail_point.hpp"
#include "storage/key_condition.hpp"
#include "storage/notification_rows.hpp"

namespace pusher {

namespace {

constexpr size_t bulk_length = 4000;
constexpr size_t list_length = 1000;
constexpr uint64_t answers_per_count = 2000;
constexpr size_t code_bytes = 64;
constexpr size_t message_id_bytes = 128;

using column = bulk_rows::kind;

error mixed_rows() {
  return {errc::internal, "Some of the results have rows already", "", 0};
}

/// At most so many bytes, without a part of a character at the end.
std::string_view cut(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  return text.substr(0, most);
}

std::string_view bytes_of(const sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

using counted = std::array<uint64_t, all_outcomes.size()>;  // as all_outcomes lists them

/// `UPDATE notifications SET count_x = count_x + ?, ... WHERE `, one place per outcome.
std::string counting_update() {
  std::string sql = "UPDATE notifications SET ";
  for (auto each : all_outcomes) {
    auto name = counter_column(each);
    sql += (each == all_outcomes.front() ? "" : ", ") + name + " = " + name + " + ?";
  }
  return sql + " WHERE ";
}

}  // namespace

delivery_recording::delivery_recording(database::connection& on, const std::vector<result_batch>& batches,
                                       const token_guard_bounds& guard, uncounted_answers uncounted)
    : on_(on), guard_(guard), uncounted_(std::move(uncounted)) {
  size_t count = 0;
  for (const auto& batch : batches)
    count += batch.results.size();
  rows_.reserve(count);
  for (const auto& batch : batches)
    for (const auto& each : batch.results)
      rows_.push_back({batch.notification, &each, &batch});
  auto key = [](const row& r) { return std::make_pair(r.notification.value, r.value->device.value); };
  auto before = [&](const row& a, const row& b) { return key(a) < key(b); };
  // The journal's order is mostly the key's order. Of repeats the first stands.
  if (!std::is_sorted(rows_.begin(), rows_.end(), before))
    std::stable_sort(rows_.begin(), rows_.end(), before);
  rows_.erase(
      std::unique(rows_.begin(), rows_.end(), [&](const row& a, const row& b) { return key(a) == key(b); }),
      rows_.end());
}

result<delivery_store::recorded> delivery_recording::run(mode how) {
  if (auto done = leave_out_missing(); !done) return done.failure();
  if (how == mode::careful)
    if (auto done = leave_out_existing(); !done) return done.failure();
  if (auto done = insert_rows(); !done) return done.failure();
  if (!rows_.empty()) fail_point("result_writer.rows_inserted");
  outcome_.rows = rows_.size();
  auto disabled = settle_dead_tokens();
  if (!disabled) return disabled.failure();
  outcome_.tokens_disabled = *disabled;
  if (auto done = move_environments(); !done) return done.failure();
  if (auto done = replace_tokens(); !done) return done.failure();
  // Counters come last, so that the one row that all writers share is locked as short as can be.
  if (auto done = add_counts(); !done) return done.failure();
  if (auto done = complete(); !done) return done.failure();
  if (auto done = tell(); !done) return done.failure();
  measure();
  return std::move(outcome_);
}

result<void> delivery_recording::leave_out_missing() {
  std::vector<notification_key> keys;
  for (const auto& each : rows_)
    if (keys.empty() || keys.back() != each.notification) keys.push_back(each.notification);
  std::unordered_set<notification_key> present;
  static const auto deleted = std::to_string(number(notification_state::deleted));
  for (const auto& part : in_lists(keys)) {
    key_condition these(part);
    sql_parameters parameters;
    these.add_to(parameters);
    auto read = on_.query(
        "finding notifications",
        "SELECT id, application_id, lane, IF(wave_due > 0 OR wave > 0, 0, launched_at) FROM notifications "
        "WHERE " +
            these.sql() + " AND state <> " + deleted,
        parameters, [&](const sql_row& found) {
          present.insert({found.number(0)});
          applications_[{found.number(0)}] = {found.number(1)};
          launches_[{found.number(0)}] = {static_cast<lane>(found.number(2)), found.time(3)};
        });
    if (!read) return read.failure();
  }
  if (present.size() == keys.size()) return {};
  for (auto key : keys)
    if (!present.count(key)) outcome_.missing.push_back(key);
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(),
                             [&](const row& each) { return !present.count(each.notification); }),
              rows_.end());
  return {};
}

/// Locks the rows that exist, so that one which is being written by another transaction is waited for.
result<void> delivery_recording::leave_out_existing() {
  std::vector<row> fresh;
  for (auto first = rows_.begin(); first != rows_.end();) {
    auto last = first;
    sql_parameters parameters{first->notification};
    while (last != rows_.end() && last->notification == first->notification &&
           static_cast<size_t>(last - first) < list_length)
      ++last;
    std::vector<device_key> devices;
    for (auto each = first; each != last; ++each)
      devices.push_back(each->value->device);
    add_padded(parameters, devices.begin(), devices.end());
    std::unordered_set<uint64_t> existing;
    auto read =
        on_.query("reading deliveries",
                  "SELECT device_id FROM deliveries FORCE INDEX (PRIMARY) WHERE notification_id = ? AND "
                  "device_id IN (" +
                      placeholders(devices.size()) + ") FOR UPDATE",
                  parameters, [&](const sql_row& found) { existing.insert(found.number(0)); });
    if (!read) return read.failure();
    std::copy_if(first, last, std::back_inserter(fresh),
                 [&](const row& each) { return !existing.count(each.value->device.value); });
    first = last;
  }
  rows_ = std::move(fresh);
  return {};
}

result<void> delivery_recording::insert_rows() {
  static const std::string sql =
      "INSERT IGNORE INTO deliveries (notification_id, device_id, outcome, attempts, code, "
      "gateway_message_id, settled_at, gateway) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
  bulk_rows rows({column::number, column::number, column::number, column::number, column::text, column::text,
                  column::number, column::number});
  for (size_t from = 0; from < rows_.size(); from += bulk_length) {
    auto to = std::min(from + bulk_length, rows_.size());
    rows.clear();
    for (auto at = from; at < to; ++at) {
      const auto& value = *rows_[at].value;
      auto through = rows_[at].of->gateway;
      rows.add(rows_[at].notification.value)
          .add(value.device.value)
          .add(static_cast<uint64_t>(value.outcome))
          .add(value.attempts)
          .add(cut(value.code, code_bytes))
          .add(cut(value.gateway_message_id, message_id_bytes))
          .add(static_cast<uint64_t>(value.settled_at))
          .add(static_cast<uint64_t>(through ? *through : gateway{}));
    }
    auto inserted = on_.execute_bulk("recording deliveries", sql, rows);
    if (!inserted) return inserted.failure();
    if (*inserted == to - from) continue;
    mixed_ = true;
    return mixed_rows();
  }
  return {};
}

/// Lets the guard look at what each gateway said before any device is disabled.
result<size_t> delivery_recording::settle_dead_tokens() {
  struct answers {
    uint64_t count = 0;
    std::vector<const row*> dead;
  };
  std::map<guarded, answers> by_gateway;
  std::vector<const row*> to_disable;
  for (const auto& each : rows_) {
    bool dead = each.value->outcome == outcome::unregistered;
    if (!dead && each.value->outcome != outcome::accepted) continue;
    if (!each.of->gateway) {
      if (dead) to_disable.push_back(&each);
      continue;
    }
    auto& seen = by_gateway[{applications_[each.notification], *each.of->gateway, each.of->environment}];
    ++seen.count;
    if (dead) seen.dead.push_back(&each);
  }
  for (auto& [which, seen] : by_gateway) {
    auto& uncounted = uncounted_[which];
    uncounted += seen.count;
    // One row for all writers: without deaths it is touched only now and then.
    if (seen.dead.empty() && uncounted < answers_per_count) continue;
    auto judged = count_and_judge(on_, which, std::exchange(uncounted, 0), seen.dead.size(), guard_);
    if (!judged) return judged.failure();
    if (judged->hold == 0) {
      to_disable.insert(to_disable.end(), seen.dead.begin(), seen.dead.end());
      continue;
    }
    if (judged->opened) outcome_.holds.push_back({which.gateway, which.environment, judged->hold});
    std::map<notification_key, std::vector<const push_result*>> held;
    for (const auto* each : seen.dead)
      held[each->notification].push_back(each->value);
    for (auto& [notification, dead] : held)
      if (auto done = hold_tokens(on_, judged->hold, notification, dead); !done) return done.failure();
  }
  return disable(std::move(to_disable));
}

result<size_t> delivery_recording::disable(std::vector<const row*> dead) {
  // Only where the device still holds the token that died, and did not register it again after the gateway
  // saw it die.
  static const std::string sql =
      "UPDATE devices SET disabled = ?, disabled_at = " + database_now + ", updated_at = " + database_now +
      " WHERE id = ? AND token_hash = ? AND disabled = 0 AND (? = 0 OR token_registered_at <= ?)";
  // In key order over all notifications, so that writers lock devices in the same order.
  std::sort(dead.begin(), dead.end(),
            [](const row* a, const row* b) { return a->value->device < b->value->device; });
  bulk_rows rows({column::number, column::number, column::text, column::number, column::number});
  for (const auto* each : dead)
    rows.add(static_cast<uint64_t>(disabled_reason::unregistered))
        .add(each->value->device.value)
        .add(bytes_of(each->value->token))
        .add(static_cast<uint64_t>(each->value->unregistered_at))
        .add(static_cast<uint64_t>(each->value->unregistered_at));
  auto disabled = on_.execute_bulk("disabling dead tokens", sql, rows);
  if (!disabled) return disabled.failure();
  if (*disabled > 0)
    if (auto noted = note_disabled(dead); !noted) return noted.failure();
  return static_cast<size_t>(*disabled);
}

/// Devices whose token turned out to belong to the gateway's other environment. One that another device holds
/// there already stays where it is.
result<void> delivery_recording::move_environments() {
  static const std::string sql = "UPDATE IGNORE devices SET environment = ?, updated_at = " + database_now +
                                 " WHERE id = ? AND token_hash = ?";
  std::vector<const push_result*> found;
  for (const auto& each : rows_)
    if (each.value->found_in) found.push_back(each.value);
  if (found.empty()) return {};
  std::sort(found.begin(), found.end(),
            [](const push_result* a, const push_result* b) { return a->device < b->device; });
  bulk_rows rows({column::number, column::number, column::text});
  for (const auto* each : found)
    rows.add(static_cast<uint64_t>(*each->found_in)).add(each->device.value).add(bytes_of(each->token));
  auto moved = on_.execute_bulk("moving devices to their environment", sql, rows);
  if (!moved) return moved.failure();
  return {};
}

/// Devices for which the gateway named another token. One that another device holds already is left alone:
/// that device is the same app, registered anew.
result<void> delivery_recording::replace_tokens() {
  static const std::string sql =
      "UPDATE IGNORE devices SET push_token = ?, token_hash = ?, updated_at = " + database_now +
      " WHERE id = ? AND token_hash = ?";
  std::vector<const row*> replaced;
  for (const auto& each : rows_)
    if (!each.value->replacement_token.empty()) replaced.push_back(&each);
  std::sort(replaced.begin(), replaced.end(),
            [](const row* a, const row* b) { return a->value->device < b->value->device; });
  // Rare enough to go one by one, which tells which of them changed. An IGNOREd duplicate matches and changes
  // nothing, hence the look.
  for (const auto* each : replaced) {
    auto fresh = sha256(each->value->replacement_token);
    auto matched =
        on_.execute("replacing tokens", sql,
                    {each->value->replacement_token, fresh, each->value->device, each->value->token});
    if (!matched) return matched.failure();
    if (*matched == 0) continue;
    bool changed = false;
    auto read = on_.query(
        "replacing tokens", "SELECT token_hash = ? FROM devices FORCE INDEX (by_id) WHERE id = ?",
        {fresh, each->value->device}, [&](const sql_row& found) { changed = found.number(0) != 0; });
    if (!read) return read.failure();
    if (!changed) continue;
    auto noted = write_device_events(
        on_, applications_[each->notification],
        {{each->value->device, device_event_type::token_replaced, {}, each->notification}}, feed_);
    if (!noted) return noted;
  }
  return {};
}

/// An entry in the history of each device that its token's death has just disabled; one that was disabled
/// before has its entry.
result<void> delivery_recording::note_disabled(const std::vector<const row*>& disabled) {
  static const std::string type = std::to_string(static_cast<unsigned>(device_event_type::disabled));
  std::unordered_map<uint64_t, notification_key> by_device;
  std::vector<device_key> devices;
  for (const auto* each : disabled) {
    devices.push_back(each->value->device);
    by_device[each->value->device.value] = each->notification;
  }
  std::map<application_id, std::vector<new_device_event>> events;
  for (size_t from = 0; from < devices.size(); from += list_length) {
    auto to = std::min(from + list_length, devices.size());
    sql_parameters parameters{static_cast<unsigned>(disabled_reason::unregistered)};
    add_padded(parameters, devices.begin() + static_cast<long>(from),
               devices.begin() + static_cast<long>(to));
    auto read = on_.query(
        "finding dead tokens",
        "SELECT d.application_id, d.id, d.disabled_at FROM devices d FORCE INDEX (by_id) WHERE d.disabled = "
        "? "
        "AND d.id IN (" +
            placeholders(to - from) +
            ") AND NOT EXISTS (SELECT 1 FROM device_events e WHERE e.application_id = d.application_id AND "
            "e.device_id = d.id AND e.type = " +
            type + " AND e.at = d.disabled_at)",
        parameters, [&](const sql_row& found) {
          device_key device{found.number(1)};
          events[{found.number(0)}].push_back(
              {device, device_event_type::disabled, {}, by_device[device.value], found.time(2)});
        });
    if (!read) return read.failure();
  }
  for (const auto& [app, those] : events)
    if (auto written = write_device_events(on_, app, those, feed_); !written) return written;
  return {};
}

/// One statement for all notifications with the same counts: of many for one device each, that is nearly all.
result<void> delivery_recording::add_counts() {
  std::map<counted, std::vector<notification_key>> groups;
  std::vector<notification_key> all;
  for (auto first = rows_.begin(); first != rows_.end();) {
    outcome_counts counts;
    auto last = first;
    for (; last != rows_.end() && last->notification == first->notification; ++last)
      ++counts[last->value->outcome];
    counted key{};
    for (size_t i = 0; i < all_outcomes.size(); ++i)
      key[i] = counts[all_outcomes[i]];
    groups[key].push_back(first->notification);
    all.push_back(first->notification);
    first = last;
  }
  // Writers must lock them in the same order; one statement does so by itself.
  if (groups.size() > 1 || all.size() > rows_per_list)
    if (auto locked = lock_notifications(on_, all); !locked) return locked;
  for (const auto& [counts, of] : groups)
    for (const auto& part : in_lists(of))
      if (auto added = add_counts(counts, part); !added) return added;
  return {};
}

result<void> delivery_recording::add_counts(const std::array<uint64_t, all_outcomes.size()>& counts,
                                            const std::vector<notification_key>& of) {
  static const std::string update = counting_update();
  key_condition these(of);
  sql_parameters parameters(counts.begin(), counts.end());
  these.add_to(parameters);
  auto added = on_.execute("counting outcomes", update + these.sql(), parameters);
  if (!added) return added.failure();
  if (*added == of.size()) return {};
  // One was deleted since we looked: the repeat will find it missing.
  mixed_ = true;
  return mixed_rows();
}

result<void> delivery_recording::complete() {
  std::vector<notification_key> touched;
  for (const auto& each : rows_)
    if (touched.empty() || touched.back() != each.notification) touched.push_back(each.notification);
  auto completed = complete_settled(on_, touched);
  if (!completed) return completed.failure();
  for (auto& [key, which] : *completed) {
    outcome_.completed.push_back(key);
    outcome_.completed_ids.push_back(std::move(which.id));
  }
  return {};
}

/// How long those that were accepted took from the launch.
void delivery_recording::measure() {
  for (auto first = rows_.begin(); first != rows_.end();) {
    auto notification = first->notification;
    const auto& of = launches_[notification];
    auto* counts = of.at > 0 ? &outcome_.accepted_after[of.urgency] : nullptr;
    for (; first != rows_.end() && first->notification == notification; ++first)
      if (counts && first->value->outcome == outcome::accepted)
        counts->add(std::chrono::milliseconds(first->value->settled_at - of.at));
  }
}

/// Only what is new enters the feed, in the transaction that makes it so: a batch that is recorded again
/// finds its rows and tells nothing.
result<void> delivery_recording::tell() {
  application_id app;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const auto& each = rows_[i];
    if (i == 0 || rows_[i - 1].notification != each.notification) app = applications_[each.notification];
    feed_.add(app, event_of(each.value->outcome), each.notification, each.value->device);
  }
  for (auto key : outcome_.completed)
    feed_.add(applications_[key], event_type::notification_settled, key, {});
  return feed_.write(on_);
}

}  // namespace pusher
