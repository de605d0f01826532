#include "storage/webhook_rows.hpp"

namespace pusher {

namespace {

constexpr size_t text_characters = 255;

std::string_view cut(const std::string& text) {
  return std::string_view(text).substr(0, text_characters);
}

}  // namespace

std::string event_names(const std::vector<event_type>& events) {
  std::string names;
  for (auto each : events)
    names.append(names.empty() ? "" : ",").append(to_string(each));
  return names;
}

std::vector<event_type> parse_event_names(std::string_view names) {
  std::vector<event_type> events;
  while (!names.empty()) {
    auto end = std::min(names.find(','), names.size());
    if (auto known = parse_event_type(names.substr(0, end))) events.push_back(*known);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return events;
}

std::vector<std::string> signing_secrets(const sql_row& row, size_t first_column) {
  std::vector<std::string> secrets{std::string(row.text(first_column))};
  if (!row.text(first_column + 1).empty()) secrets.emplace_back(row.text(first_column + 1));
  return secrets;
}

result<void> write_attempt(database::connection& on, webhook_key key, const webhook_attempt& made,
                           size_t kept) {
  static const std::string insert =
      "INSERT INTO webhook_attempts (application_id, webhook_id, number, message_id, type, events, status, "
      "latency_ms, trouble, excerpt, at, next_try_at) SELECT application_id, id, attempts, ?, ?, ?, ?, ?, ?, "
      "?, " +
      database_now + ", next_try_at FROM webhooks WHERE id = ?";
  auto counted = on.execute("counting a webhook's attempts",
                            "UPDATE webhooks SET attempts = attempts + 1 WHERE id = ?", {key});
  if (!counted) return counted.failure();
  auto written = on.execute("noting a webhook's attempt", insert,
                            {made.message_id, made.type, made.events, made.status, made.latency_ms,
                             cut(made.trouble), cut(made.excerpt), key});
  if (!written) return written.failure();
  auto dropped = on.execute("dropping old attempts",
                            "DELETE a FROM webhook_attempts a JOIN webhooks w ON w.id = a.webhook_id "
                            "WHERE w.id = ? AND a.number + ? <= w.attempts",
                            {key, kept});
  return dropped ? result<void>() : dropped.failure();
}

}  // namespace pusher
