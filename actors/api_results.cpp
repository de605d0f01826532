// What became of notifications, of pushes and of devices.
#include "actors/answer_meaning.hpp"
#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"
#include "actors/device_walk.hpp"

namespace pusher {

namespace {

/// What the gateway's table says of a code that led to this outcome, best the row without a detail; empty
/// when it does not have it.
std::string_view meaning_of(const std::vector<http::gateway_description>& tables, const delivery& of) {
  if (!of.gateway || of.code.empty()) return "";
  const http::answer_row* best = nullptr;
  for (const auto& table : tables)
    if (table.gateway == to_string(*of.gateway))
      for (const auto& row : table.answers)
        if (row.code == of.code && leads_to(row.action, to_string(of.outcome)) &&
            (!best || row.detail.empty()))
          best = &row;
  return best ? best->meaning : "";
}

}  // namespace

result<http::feed_page> api_operations::read_feed(application_id app, event_types wanted,
                                                  const http::page_request& request) {
  auto after = from_cursor<3>(request.cursor);
  if (!after) return after.failure();
  auto [row, at, offset] = *after;
  auto found = feed_.read(app, {row, static_cast<utc_ms>(at), offset}, request.limit, wanted);
  if (!found) return found.failure();
  http::feed_page page;
  page.items = std::move(found->events);
  page.next = to_cursor(found->next.row, found->next.at, found->next.offset);
  page.at_end = found->at_end;
  return page;
}

result<http::page<feed_event>> api_operations::device_history(application_id app,
                                                              const std::string& device_id,
                                                              event_types wanted,
                                                              const std::optional<std::string>& of,
                                                              const http::page_request& request) {
  auto from = from_cursor<3>(request.cursor);
  if (!from) return from.failure();
  auto [event, notification, given] = *from;
  auto found = history_.list(app, device_id, wanted, of, {event, notification, given}, request.limit);
  if (!found) return found.failure();
  http::page<feed_event> page{std::move(found->entries), ""};
  if (!found->at_end) page.next = to_cursor(found->next.event, found->next.notification, found->next.given);
  return page;
}

result<std::vector<recorded_report>> api_operations::report_events(
    application_id app, const std::vector<client_report>& reports) {
  return reports_.record(app, reports);
}

result<http::page<delivery>> api_operations::list_deliveries(application_id app, const std::string& id,
                                                             const delivery_filter& wanted,
                                                             const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = deliveries_.list(app, id, wanted, {*after}, request.limit);
  if (!found) return found.failure();
  http::page<delivery> page{std::move(found->deliveries), ""};
  if (!found->at_end) page.next = to_cursor(found->next.value);
  return page;
}

result<delivery_summary> api_operations::summarize_deliveries(application_id app, const std::string& id) {
  return deliveries_.summarize(app, id);
}

result<http::explained_delivery> api_operations::explain_delivery(application_id app, const std::string& id,
                                                                  const std::string& device_id) {
  auto known = deliveries_.trace(app, id, device_id);
  if (!known) return known.failure();
  if (known->settled) {
    auto tables = gateways(app);
    if (!tables) return tables.failure();
    auto verdict = judge(*known, meaning_of(*tables, *known->settled));
    return http::explained_delivery{std::move(*known), std::move(verdict)};
  }
  known->passed_by_fan_out = known->target.fan_out_done;
  if (known->target.launched_at != 0 && !known->target.settled()) {
    auto where = journal_.locate(known->target.key, known->device.key);
    if (!where) return where.failure();
    // Of a local time the walk is done anew for each wave.
    if (!known->target.fan_out_done && where->fan_out_begun && !known->target.draft.local_time)
      known->passed_by_fan_out =
          device_walk(where->fan_out_start, known->last_device, where->fan_out_position)
              .passed(known->device.key);
    if (where->retry) known->waits = delivery_trace::retry{where->retry->attempts, where->retry->due_at};
  }
  auto verdict = judge(*known, "");
  return http::explained_delivery{std::move(*known), std::move(verdict)};
}

}  // namespace pusher
