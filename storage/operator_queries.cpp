#include "storage/operator_queries.hpp"

#include <algorithm>

#include "storage/connection.hpp"
#include "storage/token_guard.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

const std::string select_notification =
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

}  // namespace

result<std::vector<notification_row>> operator_queries::notifications(const std::string& id) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<notification_row>> {
    std::vector<notification_row> found;
    auto take = [&](const sql_row& row) { found.push_back(read_row(row)); };
    auto read = on.query("finding a notification", select_notification + "n.public_id = ?", {id}, take);
    if (!read) return read.failure();
    if (!found.empty()) return found;
    // Through the index, which begins with the application.
    read = on.query("finding notifications",
                    select_notification +
                        "n.external_id = ? AND n.application_id IN (SELECT id FROM "
                        "applications) ORDER BY n.id DESC LIMIT 20",
                    {id}, take);
    if (!read) return read.failure();
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
