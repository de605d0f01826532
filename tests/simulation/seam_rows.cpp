// The stores of MariaDB's rows lead to the simulation's rows: this file stands in the place of those of
// storage/ that the roles use.
#include <algorithm>

#include "storage/credential_store.hpp"
#include "storage/delivery_store.hpp"
#include "storage/device_store.hpp"
#include "storage/event_feed.hpp"
#include "storage/journal_marks.hpp"
#include "storage/notification_store.hpp"
#include "storage/property_index_store.hpp"
#include "tests/simulation/simulation.hpp"

namespace pusher {

namespace {

testing::simulation& world() {
  return testing::simulation::current();
}

/// Asks the rows, for what changes nothing.
template <class Value>
result<Value> read(const char* what, const std::function<result<Value>()>& from) {
  return world().ask_database<Value>(what, from, false);
}

constexpr size_t rows_of_a_page = 4;  // so that an audience has several

result<page_end> read_page(device_key after, device_key last, page_bounds bounds,
                           const std::function<bool(const device_row&)>& wanted,
                           const std::function<void(const device_row&)>& visit) {
  bounds.rows = std::min(bounds.rows, rows_of_a_page);
  return read<page_end>("read_page", [&]() -> result<page_end> {
    return world().rows.read(after, last, bounds, wanted, visit);
  });
}

template <class Of>
auto is_among(const std::vector<std::string>& ids, Of of) {
  return
      [&ids, of](const device_row& row) { return std::find(ids.begin(), ids.end(), of(row)) != ids.end(); };
}

}  // namespace

database::database(mysql_settings endpoint) : endpoint_(std::move(endpoint)) {}
database::~database() = default;

// -- notifications --

result<std::vector<fan_out_job>> notification_store::worklist(size_t limit) {
  using jobs = std::vector<fan_out_job>;
  return read<jobs>("worklist", [limit]() -> result<jobs> { return world().rows.worklist(limit); });
}

result<std::vector<std::pair<notification_key, result<fan_out_task>>>> notification_store::tasks(
    std::vector<notification_key> keys, size_t) {
  using found = std::vector<std::pair<notification_key, result<fan_out_task>>>;
  return read<found>("tasks", [&keys]() -> result<found> { return world().rows.tasks(keys); });
}

result<std::set<notification_key>> notification_store::begin_sending(
    const std::vector<notification_key>& keys, uint64_t epoch) {
  return world().ask_database<std::set<notification_key>>(
      "begin_sending", [keys, epoch] { return world().rows.begin_sending(keys, epoch); });
}

result<void> notification_store::record_audience(notification_key key, uint64_t epoch, uint64_t targets) {
  return world().ask_database<void>(
      "record_audience", [key, epoch, targets] { return world().rows.record_audience(key, epoch, targets); });
}

result<std::vector<std::string>> notification_store::conclude(std::vector<final_audience> audiences,
                                                              uint64_t epoch, uint64_t) {
  using ids = std::vector<std::string>;
  return world().ask_database<ids>("conclude", [audiences, epoch]() -> result<ids> {
    auto done = world().rows.conclude(audiences, epoch);
    return done ? result<ids>(ids()) : done.failure();
  });
}

result<std::string> notification_store::id_of(notification_key key) {
  return std::to_string(key.value);
}

result<void> notification_store::finish_wave(notification_key, uint64_t, uint64_t, unsigned, utc_ms,
                                             uint64_t) {
  return error{errc::internal, "no notification of the simulation has waves", "", 0};
}

result<size_t> notification_store::sweep_completed() {
  return world().ask_database<size_t>("sweep",
                                      []() -> result<size_t> { return world().rows.sweep_completed(); });
}

result<notification_store::due_launches> notification_store::launch_due(size_t most) {
  return world().ask_database<due_launches>(
      "launch_due", [most]() -> result<due_launches> { return world().rows.launch_due(most); });
}

result<std::optional<utc_ms>> notification_store::next_due_in() {
  using left = std::optional<utc_ms>;
  return read<left>("next_due", []() -> result<left> { return world().rows.next_due_in(); });
}

result<size_t> notification_store::end_outlived_pauses() {
  return world().ask_database<size_t>("end_pauses",
                                      []() -> result<size_t> { return world().rows.end_outlived_pauses(); });
}

result<std::map<notification_key, control>> notification_store::controlled() {
  using controls = std::map<notification_key, control>;
  return read<controls>("controlled", []() -> result<controls> { return world().rows.controlled(); });
}

// -- devices --

result<device_plan> device_store::plan(application_id, const condition&) {
  return device_plan();
}

result<page_end> device_store::read(application_id, device_plan&, device_key after, device_key last,
                                    const page_bounds& bounds,
                                    const std::function<void(const device_row&)>& visit) {
  return read_page(
      after, last, bounds, [](const device_row&) { return true; }, visit);
}

result<page_end> device_store::scan_device_ids(application_id, const std::vector<std::string>& ids,
                                               device_key after, device_key last, const page_bounds& bounds,
                                               const std::function<void(const device_row&)>& visit) {
  return read_page(after, last, bounds, is_among(ids, [](const auto& row) { return row.device_id; }), visit);
}

result<page_end> device_store::scan_user_ids(application_id, const std::vector<std::string>& ids,
                                             device_key after, device_key last, const page_bounds& bounds,
                                             const std::function<void(const device_row&)>& visit) {
  return read_page(after, last, bounds, is_among(ids, [](const auto& row) { return row.user_id; }), visit);
}

// -- deliveries --

result<delivery_store::recorded> delivery_store::record(const std::vector<result_batch>& batches,
                                                        const gate&) {
  return world().ask_database<recorded>(
      "record_rows", [batches]() -> result<recorded> { return world().rows.record(batches); });
}

// -- the simulation's journal is never lost, so nothing begins anew --

result<std::vector<device_key>> notification_store::settled_devices(notification_key, device_key,
                                                                    device_key) {
  return std::vector<device_key>{};
}

std::string mark_of(std::string_view entry) {
  return std::string(entry);
}
result<void> result_mark::prepare(database&) {
  return {};
}
result<void> result_mark::raise(database::connection&, const std::string&) {
  return {};
}

// -- what the leader looks after besides; nothing of it is simulated --

result<bool> property_index_store::work() {
  return false;
}

result<uint64_t> credential_store::version() {
  return read<uint64_t>("credentials", []() -> result<uint64_t> { return uint64_t{1}; });
}
result<credential_snapshot> credential_store::snapshot() {
  credential_snapshot made;
  made.version = 1;
  made.default_application = {1};
  return made;
}
result<std::string> credential_store::secrets_key(const std::string& own) {
  return own;
}
result<size_t> credential_store::reseal(const std::string&,
                                        const std::function<std::optional<std::string>(const credential&)>&) {
  return size_t{0};
}

}  // namespace pusher
