#include "http/codec_results.hpp"

#include "http/codec_notification.hpp"
#include "http/field_reader.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

void write_what(json_text& out, const feed_event& from) {
  if (!from.notification_id.empty()) out.field("notification_id", from.notification_id);
  out.field("external_id", from.external_id);
}

void write_how(json_text& out, const feed_event& from) {
  if (!from.other_device_id.empty()) out.field("other_device_id", from.other_device_id);
  if (from.gateway) out.field("gateway", to_string(*from.gateway));
  if (outcome_of(from.type)) out.field("attempts", from.attempts);
  if (!from.code.empty()) out.field("code", from.code);
  if (!from.gateway_message_id.empty()) out.field("gateway_message_id", from.gateway_message_id);
}

}  // namespace

void write_feed_event(json_text& out, const feed_event& from) {
  out.open();
  out.field("id", from.id());
  out.field("sequence", from.sequence());
  out.field("type", to_string(from.type));
  out.time("at", from.at);
  write_what(out, from);
  if (from.state) out.field("state", to_string(*from.state));
  if (!from.device_id.empty())
    out.field("device_id", from.device_id);
  else if (from.type != event_type::notification_settled)
    out.field("device_deleted", true);
  write_how(out, from);
  out.close();
}

void write_history_entry(json_text& out, const feed_event& from) {
  out.open();
  out.field("type", to_string(from.type));
  out.time("at", from.at);
  write_what(out, from);
  write_how(out, from);
  out.close();
}

void write_summary(json_text& out, const delivery_summary& from) {
  out.open();
  out.field("looked_at", from.looked_at);
  out.field("complete", from.complete);
  out.key("reasons");
  out.open_list();
  for (const auto& each : from.reasons) {
    out.open();
    out.field("outcome", to_string(each.outcome));
    if (each.gateway) out.field("gateway", to_string(*each.gateway));
    if (!each.code.empty()) out.field("code", each.code);
    out.field("count", each.count);
    out.close();
  }
  out.close_list();
  if (from.other_reasons > 0) out.field("other_reasons", from.other_reasons);
  out.time("from", from.from);
  out.integer("step_ms", from.step_ms);
  out.key("steps");
  out.open_list();
  for (const auto& [number, counts] : from.steps) {
    out.open();
    out.field("step", number);
    for (auto each : all_outcomes)
      if (counts[each] > 0) out.field(to_string(each), counts[each]);
    out.close();
  }
  out.close_list();
  out.close();
}

void write_explanation(json_text& out, const explained_delivery& from) {
  const auto& [known, verdict] = from;
  out.open();
  out.field("notification_id", known.target.id);
  out.field("device_id", known.device.value.device_id);
  out.field("status", to_string(verdict.status));
  out.field("reason", verdict.reason);
  out.field("explanation", verdict.explanation);
  if (verdict.unmet) {
    out.key("unmet");
    out.open();
    out.field("pointer", verdict.unmet->pointer);
    out.raw("condition", verdict.unmet->json);
    out.field("negated", verdict.unmet->negated);
    out.close();
  }
  if (known.settled) {
    out.key("delivery");
    write_delivery(out, *known.settled);
  }
  if (known.waits) {
    out.key("retry");
    out.open();
    out.field("attempts", known.waits->attempts);
    out.time("due_at", known.waits->due_at);
    out.close();
  }
  out.time("received_at", known.received_at);
  out.time("opened_at", known.opened_at);
  out.close();
}

result<client_report> parse_report(const rapidjson::Value& object, const std::string& pointer,
                                   const std::optional<std::string>& device_id) {
  field_reader from(object, pointer);
  client_report made;
  from.require("type");
  auto named = from.text("type", {64, 1});
  made.notification_id = from.text("notification_id", {64, 1});
  if (device_id) {
    made.device_id = *device_id;
  } else {
    from.require("device_id");
    made.device_id = from.text("device_id", {limits::device_id_bytes, 1}).value_or("");
  }
  made.type = parse_device_event_type(named.value_or("")).value_or(device_event_type::registered);
  if (named && made.type != device_event_type::received && made.type != device_event_type::opened)
    from.fail(errc::invalid_field, "type", "A client reports received or opened.");
  if (auto done = from.finish(); !done) return done.failure();
  return made;
}

result<std::vector<client_report>> parse_reports(const rapidjson::Value& body) {
  field_reader from(body, "");
  from.require("events");
  const auto* events = from.any("events");
  if (auto done = from.finish(); !done) return done.failure();
  if (!events->IsArray() || events->Empty() || events->Size() > limits::reports)
    return error{errc::invalid_field,
                 "events is a list of 1 to " + std::to_string(limits::reports) + " reports.", "/events", 0};
  std::vector<client_report> made;
  for (rapidjson::SizeType i = 0; i < events->Size(); ++i) {
    auto one = parse_report((*events)[i], json::pointer("/events", i), std::nullopt);
    if (!one) return one.failure();
    made.push_back(std::move(*one));
  }
  return made;
}

}  // namespace pusher::http
