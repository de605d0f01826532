#include <algorithm>

#include "http/codec_notification.hpp"
#include "http/codec_results.hpp"
#include "http/list_export.hpp"
#include "http/progress_notes.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

const std::string* parameter(const call& of, const char* name) {
  auto found = of.asked.query.find(name);
  return found == of.asked.query.end() ? nullptr : &found->second;
}

template <class All>
std::string names_of(const All& all) {
  std::string names;
  for (auto each : all)
    names += (names.empty() ? "" : ", ") + std::string(to_string(each));
  return names;
}

/// Reads a parameter that is one of a list of names.
template <class T, class Parse>
result<void> read_name(const call& of, const char* name, const Parse& parse, const std::string& names,
                       std::optional<T>& into) {
  const auto* text = parameter(of, name);
  if (!text) return {};
  into = parse(*text);
  if (!into) return fault(errc::invalid_field, std::string(name) + " is one of " + names + ".");
  return {};
}

result<void> read_time(const call& of, const char* name, utc_ms& into) {
  const auto* text = parameter(of, name);
  if (!text) return {};
  auto time = parse_rfc3339(*text);
  if (!time || *time <= 0)
    return fault(errc::invalid_field,
                 std::string(name) +
                     " is a time as RFC 3339 writes it, e.g. 2026-11-23T10:00:00Z; a + in it is "
                     "sent as %2B.");
  into = *time;
  return {};
}

/// One of `all` types or several, separated by commas; without any, all.
template <class All>
result<event_types> read_types(const call& of, const All& all) {
  event_types wanted;
  const auto* text = parameter(of, "type");
  if (!text) return event_types::all();
  std::string_view rest = *text;
  while (true) {
    auto comma = rest.find(',');
    auto type = std::find_if(all.begin(), all.end(),
                             [&](event_type each) { return to_string(each) == rest.substr(0, comma); });
    if (type == all.end())
      return fault(errc::invalid_field,
                   "type is one or several of " + names_of(all) + ", separated by commas.");
    wanted.add(*type);
    if (comma == std::string_view::npos) return wanted;
    rest.remove_prefix(comma + 1);
  }
}

/// Clients may still report what they received or opened; nobody waits for that.
bool nothing_will_change(const notification& of) {
  switch (of.state) {
    case notification_state::completed:
    case notification_state::expired:
    case notification_state::deleted:
      return true;
    case notification_state::canceled:
      return of.completed_at != 0 || of.settled();
    case notification_state::draft:
    case notification_state::scheduled:
    case notification_state::launched:
    case notification_state::sending:
    case notification_state::paused:
      return false;
  }
  return false;
}

result<notification_filter> read_notification_filter(const call& of) {
  notification_filter wanted;
  auto read =
      read_name(of, "state", parse_notification_state,
                "draft, scheduled, launched, sending, completed, paused, canceled, expired", wanted.state);
  if (!read) return read.failure();
  if (const auto* id = parameter(of, "external_id")) wanted.external_id = *id;
  if (auto from = read_time(of, "created_from", wanted.created_from); !from) return from.failure();
  if (auto to = read_time(of, "created_to", wanted.created_to); !to) return to.failure();
  return wanted;
}

result<delivery_filter> read_delivery_filter(const call& of) {
  delivery_filter wanted;
  auto read = read_name(of, "outcome", parse_outcome, names_of(all_outcomes), wanted.outcome);
  if (!read) return read.failure();
  read = read_name(of, "gateway", parse_gateway, names_of(all_gateways), wanted.gateway);
  if (!read) return read.failure();
  if (const auto* code = parameter(of, "code")) wanted.code = *code;
  if (const auto* id = parameter(of, "device_id")) wanted.device_id = *id;
  return wanted;
}

error refusal(report_status status) {
  if (status == report_status::no_such_device)
    return {errc::not_found, "There is no device with this id", "", 0};
  return {errc::not_found, "There is no notification with this id", "/notification_id", 0};
}

}  // namespace

/// Unlike lists, the feed has a cursor at its end too.
answer read_feed(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto wanted = read_types(of, all_event_types);
  if (!wanted) return wanted.failure();
  auto found = of.engine.read_feed(of.who.application, *wanted, *paging);
  if (!found) return found.failure();
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : found->items)
    write_feed_event(out, each);
  out.close_list();
  out.field("has_more", !found->at_end);
  out.field("next_cursor", found->next);
  out.close();
  return json_response(200, out);
}

answer list_device_events(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto wanted = read_types(of, all_history_types);
  if (!wanted) return wanted.failure();
  std::optional<std::string> notification;
  if (const auto* named = parameter(of, "notification_id")) notification = *named;
  auto found = of.engine.device_history(of.who.application, of.name(), *wanted, notification, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_history_entry);
}

// -- what clients report --

answer report_device_event(const call& of) {
  auto report = read_report(of);
  if (!report) return report.failure();
  auto recorded = of.engine.report_events(of.who.application, {*report});
  if (!recorded) return recorded.failure();
  return report_response(*report, recorded->front());
}

result<client_report> read_report(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  return parse_report(*body, "", of.name());
}

answer report_response(const client_report& report, const recorded_report& recorded) {
  bool repeated = recorded.status == report_status::repeated;
  if (recorded.status != report_status::recorded && !repeated) return refusal(recorded.status);
  feed_event made;
  made.type = event_of(report.type);
  made.at = recorded.at;
  made.notification_id = report.notification_id.value_or("");
  json_text out;
  write_history_entry(out, made);
  return json_response(repeated ? 200 : 201, out);
}

answer report_events(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto reports = parse_reports(*body);
  if (!reports) return reports.failure();
  auto recorded = of.engine.report_events(of.who.application, *reports);
  if (!recorded) return recorded.failure();
  uint64_t fresh = 0, repeated = 0;
  for (const auto& each : *recorded) {
    fresh += each.status == report_status::recorded ? 1 : 0;
    repeated += each.status == report_status::repeated ? 1 : 0;
  }
  json_text out;
  out.open();
  out.field("recorded", fresh);
  out.field("repeated", repeated);
  out.key("refused");
  out.open_list();
  for (size_t i = 0; i < recorded->size(); ++i) {
    auto status = (*recorded)[i].status;
    if (status == report_status::recorded || status == report_status::repeated) continue;
    auto why = refusal(status);
    out.open();
    out.field("pointer", "/events/" + std::to_string(i) + (why.pointer.empty() ? "/device_id" : why.pointer));
    out.field("code", to_string(why.code));
    out.field("detail", why.detail);
    out.close();
  }
  out.close_list();
  out.close();
  return json_response(200, out);
}

// -- lists --

answer list_notifications(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto wanted = read_notification_filter(of);
  if (!wanted) return wanted.failure();
  auto found = of.engine.list_notifications(of.who.application, *wanted, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_notification);
}

answer list_deliveries(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto wanted = read_delivery_filter(of);
  if (!wanted) return wanted.failure();
  auto found = of.engine.list_deliveries(of.who.application, of.name(), *wanted, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_delivery);
}

answer export_notifications(const call& of) {
  auto paging = export_paging(of.asked);
  if (!paging) return paging.failure();
  auto wanted = read_notification_filter(of);
  if (!wanted) return wanted.failure();
  return list_export_page(of, of.engine.list_notifications(of.who.application, *wanted, *paging),
                          write_notification);
}

answer export_deliveries(const call& of) {
  auto paging = export_paging(of.asked);
  if (!paging) return paging.failure();
  auto wanted = read_delivery_filter(of);
  if (!wanted) return wanted.failure();
  return list_export_page(of, of.engine.list_deliveries(of.who.application, of.name(), *wanted, *paging),
                          write_delivery);
}

answer explain_delivery(const call& of) {
  auto found = of.engine.explain_delivery(of.who.application, of.names[0], of.names[1]);
  if (!found) return found.failure();
  json_text out;
  write_explanation(out, *found);
  return json_response(200, out);
}

answer show_outcomes(const call& of) {
  auto found = of.engine.summarize_deliveries(of.who.application, of.name());
  if (!found) return found.failure();
  json_text out;
  write_summary(out, *found);
  return json_response(200, out);
}

/// One look at a notification's progress; http/progress_hub.hpp makes a stream of many.
answer follow_progress(const call& of) {
  auto found = of.engine.get_notification(of.who.application, of.name());
  if (!found) return found.failure();
  json_text out;
  write_progress(out, *found);
  auto made = json_response(200, out);
  auto digest = sha256(made.body);
  uint64_t id = 0;
  for (size_t i = 0; i < sizeof id; ++i)
    id = id << 8 | digest[i];
  made.internal[progress_id_note] = std::to_string(id);
  if (nothing_will_change(*found)) made.internal[progress_settled_note] = "1";
  return made;
}

}  // namespace pusher::http
