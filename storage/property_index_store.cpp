#include "storage/property_index_store.hpp"

#include <algorithm>

#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t step_devices = 1000;
constexpr size_t step_dropped = 5000;

unsigned number(index_state state) {
  return static_cast<unsigned>(state);
}

/// A name that work is due for.
struct due_work {
  indexed_property name;
  application_id application;
  device_key built_to;
};

result<due_work> find_work(database::connection& on) {
  due_work found;
  auto read =
      on.query("looking for index work",
               "SELECT id, name, state, has_open, application_id, built_to FROM indexed_properties WHERE "
               "state IN (?, ?) ORDER BY id LIMIT 1 FOR UPDATE",
               {number(index_state::building), number(index_state::dropping)}, [&](const sql_row& row) {
                 found.name = {static_cast<uint32_t>(row.number(0)), std::string(row.text(1)),
                               static_cast<index_state>(row.number(2)), row.number(3) != 0};
                 found.application.value = row.number(4);
                 found.built_to.value = row.number(5);
               });
  if (!read) return read.failure();
  return found;
}

/// Disabled devices too: they may be enabled again.
result<void> build_some(database::connection& on, const due_work& due) {
  property_index_rows index({due.name});
  device_key last;
  // The rows stay as they are until these entries are committed; a device that changes later finds the name
  // declared and keeps its own entries.
  auto read =
      on.query("reading devices for an index",
               "SELECT id, properties FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id > ? "
               "ORDER BY id LIMIT ? LOCK IN SHARE MODE",
               {due.application, due.built_to, step_devices}, [&](const sql_row& row) {
                 last.value = row.number(0);
                 index.change(last, "", row.text(1));
               });
  if (!read) return read.failure();
  if (auto written = index.write(on); !written) return written;
  bool all = *read < step_devices;
  auto noted =
      on.execute("noting how far an index is built",
                 "UPDATE indexed_properties SET built_to = GREATEST(built_to, ?), state = ? WHERE id = ?",
                 {last, number(all ? index_state::ready : index_state::building), due.name.id});
  return noted ? result<void>() : noted.failure();
}

result<void> drop_some(database::connection& on, const due_work& due) {
  auto gone = on.execute("dropping an index", "DELETE FROM property_index WHERE index_id = ? LIMIT ?",
                         {due.name.id, step_dropped});
  if (!gone) return gone.failure();
  if (*gone == step_dropped) return {};
  auto forgotten =
      on.execute("dropping an index", "DELETE FROM indexed_properties WHERE id = ?", {due.name.id});
  return forgotten ? result<void>() : forgotten.failure();
}

}  // namespace

result<std::vector<indexed_property>> property_index_store::list(application_id app) {
  return with_connection(db_,
                         [&](database::connection& on) { return read_indexed_properties(on, app, false); });
}

result<std::vector<indexed_property>> property_index_store::declare(application_id app,
                                                                    const std::vector<std::string>& names) {
  return transact(db_, [&](database::connection& on) -> result<std::vector<indexed_property>> {
    // Waits for registrations that are under way and do not know the new names yet.
    auto locked = on.query("locking the indexed names", "SELECT id FROM applications WHERE id = ? FOR UPDATE",
                           {app}, [](const sql_row&) {});
    if (!locked) return locked.failure();
    auto present = read_indexed_properties(on, app, false);
    if (!present) return present.failure();
    for (const auto& each : *present) {
      if (std::find(names.begin(), names.end(), each.name) != names.end()) continue;
      auto dropped = on.execute("dropping an index", "UPDATE indexed_properties SET state = ? WHERE id = ?",
                                {number(index_state::dropping), each.id});
      if (!dropped) return dropped.failure();
    }
    for (const auto& name : names) {
      auto same = [&](const indexed_property& each) { return each.name == name; };
      if (std::any_of(present->begin(), present->end(), same)) continue;
      auto declared =
          on.execute("declaring an index",
                     "INSERT INTO indexed_properties (application_id, name, state) VALUES (?, ?, ?)",
                     {app, name, number(index_state::building)});
      if (!declared) return declared.failure();
    }
    return read_indexed_properties(on, app, false);
  });
}

result<bool> property_index_store::work() {
  return transact(db_, [&](database::connection& on) -> result<bool> {
    auto due = find_work(on);
    if (!due) return due.failure();
    if (due->name.id == 0) return false;
    auto done = due->name.state == index_state::building ? build_some(on, *due) : drop_some(on, *due);
    if (!done) return std::move(done).failure();
    return true;
  });
}

}  // namespace pusher
