#include "storage/operator_queries.hpp"

#include <algorithm>

#include "storage/connection.hpp"
#include "storage/notification_rows.hpp"
#include "storage/token_guard.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

const std::string select_row =
    "SELECT n.id, n.application_id, a.name, n.public_id, n.external_id, n.state, n.fan_out_done, "
    "n.audience_count, n.created_at, n.launched_at, n.expires_at, n.completed_at, "
    "n.count_accepted, n.count_unregistered, n.count_rejected, n.count_failed, n.count_expired, "
    "n.count_canceled, n.count_skipped, n.count_unknown FROM notifications n JOIN applications a ON a.id = "
    "n.application_id WHERE ";

notification_row read_row(const sql_row& from) {
  notification_row made;
  made.key = {from.number(0)};
  made.application = {from.number(1)};
  made.application_name = from.text(2);
  made.id = from.text(3);
  made.external_id = from.text(4);
  made.state = static_cast<notification_state>(from.number(5));
  made.fan_out_done = from.number(6) != 0;
  made.audience = from.number(7);
  made.created_at = from.time(8);
  made.launched_at = from.time(9);
  made.expires_at = from.time(10);
  made.completed_at = from.time(11);
  size_t column = 12;
  for (auto each : all_outcomes)
    made.counts[each] = from.number(column++);
  return made;
}

constexpr size_t most_keys = 1000;

result<std::vector<notification_row>> read_rows(database& db, const char* doing, const std::string& where,
                                                const sql_parameters& parameters) {
  return with_connection(db, [&](database::connection& on) -> result<std::vector<notification_row>> {
    std::vector<notification_row> found;
    auto read = on.query(doing, select_row + where, parameters,
                         [&](const sql_row& row) { found.push_back(read_row(row)); });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace

result<std::vector<notification_row>> operator_queries::notifications(const std::string& id) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<notification_row>> {
    std::vector<notification_row> found;
    auto take = [&](const sql_row& row) { found.push_back(read_row(row)); };
    auto read = on.query("finding a notification", select_row + "n.public_id = ?", {id}, take);
    if (!read) return read.failure();
    if (!found.empty()) return found;
    // Through the index, which begins with the application.
    read = on.query("finding notifications",
                    select_row +
                        "n.external_id = ? AND n.application_id IN (SELECT id FROM "
                        "applications) ORDER BY n.id DESC LIMIT 20",
                    {id}, take);
    if (!read) return read.failure();
    return found;
  });
}

result<std::vector<notification_row>> operator_queries::under_way(notification_key after, size_t limit) {
  return read_rows(
      db_, "reading what is under way",
      "n.id > ? AND (n.state IN (?, ?, ?) OR (n.state = ? AND n.completed_at = 0 AND n.launched_at > 0)) "
      "ORDER BY n.id LIMIT ?",
      {after, number(notification_state::launched), number(notification_state::sending),
       number(notification_state::paused), number(notification_state::canceled), limit});
}

result<std::vector<notification_row>> operator_queries::ended(notification_key after, size_t limit) {
  return read_rows(db_, "reading what has ended", "n.id > ? AND n.completed_at > 0 ORDER BY n.id LIMIT ?",
                   {after, limit});
}

result<std::vector<notification_row>> operator_queries::rows_of(const std::vector<notification_key>& keys) {
  std::vector<notification_key> some(keys.begin(), keys.begin() + std::min(keys.size(), most_keys));
  if (some.empty()) return std::vector<notification_row>{};
  sql_parameters parameters;
  add_padded(parameters, some.begin(), some.end());
  return read_rows(db_, "reading notifications", "n.id IN (" + placeholders(some.size()) + ")", parameters);
}

result<notification_key> operator_queries::newest() {
  return with_connection(db_, [&](database::connection& on) -> result<notification_key> {
    notification_key found;
    auto read = on.query("finding the newest notification", "SELECT COALESCE(MAX(id), 0) FROM notifications",
                         {}, [&](const sql_row& row) { found = {row.number(0)}; });
    if (!read) return read.failure();
    return found;
  });
}

result<std::map<notification_key, outcome_counts>> operator_queries::count_deliveries(
    const std::vector<notification_key>& keys) {
  using counted = std::map<notification_key, outcome_counts>;
  return with_connection(db_, [&](database::connection& on) -> result<counted> {
    counted found;
    for (const auto& part : in_lists(keys)) {
      sql_parameters parameters;
      add_padded(parameters, part.begin(), part.end());
      auto read =
          on.query("counting deliveries",
                   "SELECT notification_id, outcome, COUNT(*) FROM deliveries WHERE notification_id IN (" +
                       placeholders(part.size()) + ") GROUP BY notification_id, outcome",
                   parameters, [&](const sql_row& row) {
                     found[{row.number(0)}][static_cast<outcome>(row.number(1))] += row.number(2);
                   });
      if (!read) return read.failure();
    }
    return found;
  });
}

result<std::map<notification_key, std::string>> operator_queries::ids_of(
    const std::set<notification_key>& keys) {
  return with_connection(
      db_, [&](database::connection& on) -> result<std::map<notification_key, std::string>> {
        std::map<notification_key, std::string> found;
        for (auto key : keys) {
          if (found.size() == 1000) break;
          auto read = on.query("naming notifications", "SELECT public_id FROM notifications WHERE id = ?",
                               {key}, [&](const sql_row& row) { found[key] = row.text(0); });
          if (!read) return read.failure();
        }
        return found;
      });
}

result<std::vector<std::pair<std::string, token_hold>>> operator_queries::token_holds() {
  std::vector<std::pair<application_id, std::string>> owners;
  auto read = with_connection(db_, [&](database::connection& on) {
    return on.query(
        "finding holds",
        "SELECT h.application_id, a.name FROM token_holds h JOIN applications a ON a.id = "
        "h.application_id GROUP BY h.application_id, a.name ORDER BY MAX(h.id) DESC LIMIT 100",
        {}, [&](const sql_row& row) { owners.emplace_back(application_id{row.number(0)}, row.text(1)); });
  });
  if (!read) return read.failure();
  std::vector<std::pair<std::string, token_hold>> found;
  for (const auto& [app, name] : owners) {
    auto holds = token_hold_store(db_).list(app);
    if (!holds) return holds.failure();
    for (auto& each : *holds)
      found.emplace_back(name, each);
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.second.id > b.second.id; });
  if (found.size() > 100) found.resize(100);
  return found;
}

result<uint64_t> operator_queries::open_holds() {
  return with_connection(db_, [](database::connection& on) -> result<uint64_t> {
    uint64_t open = 0;
    auto read = on.query("counting holds", "SELECT COUNT(*) FROM token_holds WHERE state = ?",
                         {static_cast<unsigned>(token_hold_state::held)},
                         [&](const sql_row& row) { open = row.number(0); });
    if (!read) return read.failure();
    return open;
  });
}

result<application_id> operator_queries::application_of_hold(uint64_t hold) {
  return with_connection(db_, [&](database::connection& on) -> result<application_id> {
    application_id app;
    auto read = on.query("finding a hold", "SELECT application_id FROM token_holds WHERE id = ?", {hold},
                         [&](const sql_row& row) { app = {row.number(0)}; });
    if (!read) return read.failure();
    if (!app)
      return error{errc::not_found, "There is no hold of deletions " + std::to_string(hold) + ".", "", 0};
    return app;
  });
}

}  // namespace pusher
