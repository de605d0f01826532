#include "storage/device_store.hpp"

#include <map>
#include <set>

#include "storage/device_event_rows.hpp"
#include "storage/device_registration.hpp"
#include "storage/device_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t list_length = 1000;

error no_such_device() {
  return {errc::not_found, "There is no device with this id", "", 0};
}

/// `lock`: keeps others from changing the row until the transaction ends.
result<stored_device> read_device(database::connection& on, application_id app, const std::string& device_id,
                                  bool lock) {
  static const std::string plain =
      "SELECT " + stored_device_columns + " FROM devices WHERE application_id = ? AND device_id = ?";
  static const std::string locking = plain + " FOR UPDATE";
  stored_device found;
  auto read = on.query("reading a device", lock ? locking : plain, {app, device_id},
                       [&](const sql_row& row) { found = read_stored_device(row); });
  if (!read) return read.failure();
  if (*read == 0) return no_such_device();
  return found;
}

result<std::map<std::string, stored_device>> read_devices(database::connection& on, application_id app,
                                                          const std::vector<device>& like) {
  std::vector<std::string_view> ids;
  for (const auto& each : like)
    ids.push_back(each.device_id);
  sql_parameters parameters{app};
  add_padded(parameters, ids.begin(), ids.end());
  std::map<std::string, stored_device> found;
  auto read =
      on.query("reading devices",
               "SELECT " + stored_device_columns +
                   " FROM devices FORCE INDEX (by_device) WHERE application_id = ? AND device_id IN (" +
                   placeholders(ids.size()) + ")",
               parameters, [&](const sql_row& row) {
                 auto stored = read_stored_device(row);
                 auto id = stored.value.device_id;
                 found.emplace(std::move(id), std::move(stored));
               });
  if (!read) return read.failure();
  return found;
}

bool same_token(const device& a, const device& b) {
  return a.gateway == b.gateway && a.environment == b.environment && a.push_token == b.push_token;
}

result<void> write_description(database::connection& on, application_id app, device_key key,
                               const device& value) {
  std::optional<std::string> p256dh, auth;
  if (value.keys) p256dh = value.keys->p256dh, auth = value.keys->auth;
  auto written = on.execute(
      "updating a device",
      "UPDATE devices SET platform = ?, p256dh = ?, auth = ?, user_id = ?, locale = ?, time_zone = ?, "
      "app_version = ?, properties = ?, updated_at = " +
          database_now + ", last_seen_at = " + touched_last_seen + " WHERE application_id = ? AND id = ?",
      {static_cast<unsigned>(value.platform), p256dh, auth, value.user_id, value.locale, value.time_zone,
       value.app_version, value.properties, app, key});
  return written ? result<void>() : written.failure();
}

}  // namespace

result<device_store::put_result> device_store::put(application_id app, const device& value) {
  auto stored = put(app, std::vector<device>{value});
  if (!stored) return stored.failure();
  return std::move(stored->front());
}

result<std::vector<device_store::put_result>> device_store::put(application_id app,
                                                                const std::vector<device>& values) {
  if (values.empty()) return std::vector<put_result>();
  return transact(
      db_,
      [&](database::connection& on) -> result<std::vector<put_result>> {
        auto created = device_registration(on, app, values).run();
        if (!created) return created.failure();
        auto stored = read_devices(on, app, values);
        if (!stored) return stored.failure();
        std::vector<put_result> results;
        for (size_t i = 0; i < values.size(); ++i)
          results.push_back({(*created)[i], stored->at(values[i].device_id)});
        return results;
      },
      repeats::on_duplicate_too);
}

result<stored_device> device_store::get(application_id app, const std::string& device_id) {
  return with_connection(db_,
                         [&](database::connection& on) { return read_device(on, app, device_id, false); });
}

result<stored_device> device_store::update(application_id app, const std::string& device_id,
                                           const std::function<result<void>(device&)>& change) {
  return transact(
      db_,
      [&](database::connection& on) -> result<stored_device> {
        auto before = read_device(on, app, device_id, true);
        if (!before) return before;
        auto wanted = before->value;
        if (auto changed = change(wanted); !changed) return changed.failure();
        wanted.device_id = device_id;
        if (same_token(before->value, wanted)) {
          auto names = read_indexed_properties(on, app, true);
          if (!names) return names.failure();
          property_index_rows index(std::move(*names));
          index.change(before->key, before->value.properties, wanted.properties);
          if (auto written = write_description(on, app, before->key, wanted); !written)
            return written.failure();
          if (auto written = index.write(on); !written) return written.failure();
        } else if (auto registered = device_registration(on, app, {wanted}).run(); !registered) {
          return registered.failure();
        }
        return read_device(on, app, device_id, false);
      },
      repeats::on_duplicate_too);
}

result<void> device_store::erase(application_id app, const std::string& device_id) {
  auto erased = erase(app, std::vector<std::string>{device_id});
  if (!erased) return erased.failure();
  return erased->front() ? result<void>() : no_such_device();
}

result<std::vector<bool>> device_store::erase(application_id app,
                                              const std::vector<std::string>& device_ids) {
  auto erased = transact(db_, [&](database::connection& on) {
    return erase_devices(on, app, device_column::device_id, device_ids, list_length);
  });
  if (!erased) return erased.failure();
  std::set<std::string> gone(erased->device_ids.begin(), erased->device_ids.end());
  std::vector<bool> was_there;
  for (const auto& id : device_ids)
    was_there.push_back(gone.erase(id) > 0);  // a second time it is not there any more
  return was_there;
}

result<std::vector<stored_device>> device_store::of_user(application_id app, const std::string& user_id,
                                                         device_key after, size_t limit) {
  static const std::string sql =
      "SELECT " + stored_device_columns +
      " FROM devices FORCE INDEX (by_user) WHERE application_id = ? AND user_id = ? "
      "AND id > ? ORDER BY id LIMIT ?";
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<stored_device>> {
    std::vector<stored_device> found;
    auto read = on.query("reading a user's devices", sql, {app, user_id, after, limit},
                         [&](const sql_row& row) { found.push_back(read_stored_device(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<erased_counts> device_store::erase_user(application_id app, const std::string& user_id) {
  erased_counts all;
  for (;;) {
    auto some = transact(db_, [&](database::connection& on) {
      return erase_devices(on, app, device_column::user_id, {user_id}, list_length);
    });
    if (!some) return some.failure();
    all.devices += some->devices;
    all.events += some->events;
    if (some->devices < list_length) return all;
  }
}

result<std::vector<bool>> device_store::import(application_id app, const std::vector<device>& values) {
  if (values.empty()) return std::vector<bool>();
  return transact(
      db_, [&](database::connection& on) { return device_registration(on, app, values).run(); },
      repeats::on_duplicate_too);
}

result<std::vector<stored_device>> device_store::load(application_id app,
                                                      const std::vector<device_key>& keys) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<stored_device>> {
    std::vector<stored_device> found;
    if (keys.empty()) return found;
    if (keys.size() > list_length)
      return error{errc::internal, "More devices were asked for than one read gives", "", 0};
    sql_parameters parameters{app};
    add_padded(parameters, keys.begin(), keys.end());
    auto read = on.query("reading devices",
                         "SELECT " + stored_device_columns +
                             " FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id IN (" +
                             placeholders(keys.size()) + ") ORDER BY id",
                         parameters, [&](const sql_row& row) { found.push_back(read_stored_device(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<device_range> device_store::range(application_id app) {
  static const std::string sql = "SELECT MAX(id), " + database_now + " FROM devices WHERE application_id = ?";
  return with_connection(db_, [&](database::connection& on) -> result<device_range> {
    device_range found;
    auto read = on.query("reading the last device", sql, {app}, [&](const sql_row& row) {
      found.last.value = row.number(0);
      found.as_of = row.time(1);
    });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace pusher
