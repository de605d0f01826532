#include <charconv>

#include "http/problem.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

void write_row(json_text& out, const answer_row& row) {
  out.open();
  out.field("status", row.status);
  if (!row.code.empty()) out.field("code", row.code);
  if (!row.detail.empty()) out.field("detail", row.detail);
  out.field("action", row.action);
  out.field("reach", row.reach);
  if (row.wait_ms > 0) out.field("wait_seconds", static_cast<uint64_t>(row.wait_ms / 1000));
  out.field("meaning", row.meaning);
  out.close();
}

void write_hold(json_text& out, const token_hold& from) {
  out.open();
  out.field("id", std::to_string(from.id));
  out.field("gateway", to_string(from.gateway));
  if (from.gateway == gateway::apns) out.field("environment", to_string(from.environment));
  out.field("state", to_string(from.state));
  out.field("answered", from.answered);
  out.field("dead", from.dead);
  out.field("devices", from.devices);
  out.time("since", from.since);
  out.time("decided_at", from.decided_at);
  out.close();
}

answer decide(const call& of, token_hold_state as) {
  auto text = of.name();
  uint64_t id = 0;
  auto [stop, fault_code] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault_code != std::errc() || stop != text.data() + text.size())
    return fault(errc::not_found, "There is no hold of deletions with this id.");
  auto decided = of.engine.decide_token_hold(of.who.application, id, as);
  if (!decided) return decided.failure();
  json_text out;
  write_hold(out, *decided);
  return json_response(200, out);
}

}  // namespace

answer list_gateways(const call& of) {
  auto found = of.engine.gateways(of.who.application);
  if (!found) return found.failure();
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : *found) {
    out.open();
    out.field("gateway", each.gateway);
    out.field("protocol", each.protocol);
    out.field("configured", each.configured);
    out.key("answers");
    out.open_list();
    for (const auto& row : each.answers)
      write_row(out, row);
    out.close_list();
    out.close();
  }
  out.close_list();
  out.close();
  return json_response(200, out);
}

answer list_token_holds(const call& of) {
  auto found = of.engine.token_holds(of.who.application);
  if (!found) return found.failure();
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : *found)
    write_hold(out, each);
  out.close_list();
  out.close();
  return json_response(200, out);
}

answer confirm_token_hold(const call& of) {
  return decide(of, token_hold_state::confirmed);
}

answer undo_token_hold(const call& of) {
  return decide(of, token_hold_state::undone);
}

}  // namespace pusher::http
