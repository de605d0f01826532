#include "storage/segment_store.hpp"

#include <set>

#include "storage/transaction.hpp"

namespace pusher {

namespace {

const std::string select_segment = "SELECT name, definition, created_at, updated_at FROM segments ";

segment read_segment(const sql_row& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), row.time(2), row.time(3)};
}

result<std::optional<segment>> find_segment(database::connection& on, application_id app,
                                            const std::string& name) {
  std::optional<segment> found;
  auto read = on.query("reading a segment", select_segment + "WHERE application_id = ? AND name = ?",
                       {app, name}, [&](const sql_row& row) { found = read_segment(row); });
  if (!read) return read.failure();
  return found;
}

segment_source source_of(database::connection& on, application_id app) {
  return [&on, app](const std::string& name) -> result<std::optional<condition>> {
    auto found = find_segment(on, app, name);
    if (!found) return found.failure();
    if (!*found) return std::optional<condition>();
    auto parsed = condition::parse((*found)->condition);
    if (!parsed)
      return error{errc::corrupt_data, "The stored condition of segment \"" + name + "\" cannot be read", "",
                   0};
    return std::optional<condition>(std::move(*parsed));
  };
}

/// Changes of segments happen one after the other: two that are right by themselves could close a circle.
result<void> lock_segments(database::connection& on, application_id app) {
  auto locked = on.query("locking the segments", "SELECT id FROM applications WHERE id = ? FOR UPDATE", {app},
                         [](const sql_row&) {});
  return locked ? result<void>() : locked.failure();
}

result<std::vector<std::string>> users_of(database::connection& on, application_id app,
                                          const std::string& name) {
  std::vector<std::string> users;
  auto read = on.query("reading who uses a segment",
                       "SELECT user FROM segment_uses WHERE application_id = ? AND used = ? ORDER BY user",
                       {app, name}, [&](const sql_row& row) { users.emplace_back(row.text(0)); });
  if (!read) return read.failure();
  return users;
}

result<void> write_uses(database::connection& on, application_id app, const std::string& name,
                        const std::vector<std::string>& used) {
  auto gone = on.execute("noting what a segment uses",
                         "DELETE FROM segment_uses WHERE application_id = ? AND user = ?", {app, name});
  if (!gone) return gone.failure();
  for (const auto& each : used) {
    auto noted = on.execute("noting what a segment uses",
                            "INSERT INTO segment_uses (application_id, used, user) VALUES (?, ?, ?)",
                            {app, each, name});
    if (!noted) return noted.failure();
  }
  return {};
}

/// Every segment that uses this one, directly or through others, must still fit into the limits.
result<void> check_users(database::connection& on, application_id app, const std::string& changed) {
  std::set<std::string> seen{changed};
  std::vector<std::string> todo{changed};
  while (!todo.empty()) {
    auto users = users_of(on, app, todo.back());
    if (!users) return users.failure();
    todo.pop_back();
    for (const auto& user : *users) {
      if (!seen.insert(user).second) continue;
      todo.push_back(user);
      auto by_name = condition::parse(R"({"segment":")" + user + "\"}");
      if (!by_name) return by_name.failure();
      auto written = write_segments_out(*by_name, source_of(on, app), "");
      if (!written && written.failure().code == errc::invalid_condition)
        return error{errc::conflict,
                     "Segment \"" + user + "\" uses this one and would break: " + written.failure().detail,
                     "/condition", 0};
      if (!written) return written.failure();
    }
  }
  return {};
}

error no_such_segment() {
  return {errc::not_found, "There is no segment of this name", "", 0};
}

}  // namespace

result<condition> write_segments_out(database::connection& on, application_id app, const condition& from,
                                     const std::string& pointer) {
  return write_segments_out(from, source_of(on, app), pointer);
}

result<segment_store::put_result> segment_store::put(application_id app, const std::string& name,
                                                     const condition& where, const check& allowed) {
  return transact(db_, [&](database::connection& on) -> result<put_result> {
    if (auto locked = lock_segments(on, app); !locked) return locked.failure();
    auto before = find_segment(on, app, name);
    if (!before) return before.failure();
    if (auto good = allowed(*before ? &**before : nullptr); !good) return good.failure();
    uint64_t count = 0;
    auto counted = on.query("counting segments", "SELECT COUNT(*) FROM segments WHERE application_id = ?",
                            {app}, [&](const sql_row& row) { count = row.number(0); });
    if (!counted) return counted.failure();
    if (!*before && count >= most_segments)
      return error{errc::conflict,
                   "An application has at most " + std::to_string(most_segments) + " segments", "", 0};
    auto written =
        on.execute("saving a segment",
                   "INSERT INTO segments (application_id, name, definition, created_at, updated_at) VALUES "
                   "(?, ?, ?, " +
                       database_now + ", " + database_now +
                       ") ON DUPLICATE KEY UPDATE updated_at = IF(definition = VALUES(definition), "
                       "updated_at, VALUES(updated_at)), definition = VALUES(definition)",
                   {app, name, where.to_json()});
    if (!written) return written.failure();
    // Checked as saved, so that a circle through this segment is met like any other.
    auto whole = write_segments_out(where, source_of(on, app), "/condition");
    if (!whole) return whole.failure();
    if (auto uses = write_uses(on, app, name, where.segments()); !uses) return uses.failure();
    if (auto good = check_users(on, app, name); !good) return good.failure();
    auto after = find_segment(on, app, name);
    if (!after) return after.failure();
    return put_result{!*before, std::move(**after)};
  });
}

result<segment> segment_store::get(application_id app, const std::string& name) {
  return with_connection(db_, [&](database::connection& on) -> result<segment> {
    auto found = find_segment(on, app, name);
    if (!found) return found.failure();
    if (!*found) return no_such_segment();
    return std::move(**found);
  });
}

result<void> segment_store::erase(application_id app, const std::string& name, const check& allowed) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto locked = lock_segments(on, app); !locked) return locked.failure();
    auto now = find_segment(on, app, name);
    if (!now) return now.failure();
    if (!*now) return no_such_segment();
    if (auto good = allowed(&**now); !good) return good;
    auto users = users_of(on, app, name);
    if (!users) return users.failure();
    for (const auto& user : *users)
      if (user != name)
        return error{errc::conflict,
                     "Segment \"" + user + "\" uses this one: change or delete that one first", "", 0};
    auto gone = on.execute("deleting a segment", "DELETE FROM segments WHERE application_id = ? AND name = ?",
                           {app, name});
    if (!gone) return gone.failure();
    if (*gone == 0) return no_such_segment();
    return write_uses(on, app, name, {});
  });
}

result<std::vector<segment>> segment_store::list(application_id app, const std::string& after, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<segment>> {
    std::vector<segment> found;
    auto read = on.query(
        "listing segments", select_segment + "WHERE application_id = ? AND name > ? ORDER BY name LIMIT ?",
        {app, after, limit}, [&](const sql_row& row) { found.push_back(read_segment(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<condition> segment_store::write_out(application_id app, const condition& from,
                                           const std::string& pointer) {
  if (from.segments().empty()) return from;
  return with_connection(
      db_, [&](database::connection& on) { return pusher::write_segments_out(on, app, from, pointer); });
}

}  // namespace pusher
