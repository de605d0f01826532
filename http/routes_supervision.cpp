#include <chrono>

#include "http/problem.hpp"
#include "http/route_handlers.hpp"
#include "http/unfinished_answer.hpp"

namespace pusher::http {

namespace {

constexpr auto longest_look = std::chrono::milliseconds(2500);

void write_state(json_text& out, const gateway_state& from) {
  out.open();
  out.field("gateway", from.gateway);
  if (!from.environment.empty()) out.field("environment", from.environment);
  out.field("credential", from.credential);
  out.field("senders", from.senders);
  out.field("requests", from.requests);
  out.field("in_flight", from.in_flight);
  out.field("queued", from.queued);
  out.field("connections", from.connections);
  out.field("breakers_open", from.breakers_open);
  out.field("credential_refused", from.refused);
  if (from.quota_per_minute > 0) out.field("quota_per_minute", from.quota_per_minute);
  out.time("expires_at", from.expires_at);
  out.key("troubles");
  out.open_list();
  for (const auto& each : from.troubles)
    out.value(each);
  out.close_list();
  out.close();
}

response states_response(const request& asked, const gateway_look& look) {
  auto found = look.found();
  if (!found) return problem(found.failure(), asked);
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : found->items)
    write_state(out, each);
  out.close_list();
  out.field("missing", found->missing);
  out.close();
  return json_response(200, out);
}

void write_letter(json_text& out, const dead_letter_facts& from) {
  out.open();
  out.field("id", from.id);
  out.field("stage", from.gateway ? "push-sender" : "result-writer");
  if (from.gateway) out.field("gateway", to_string(*from.gateway));
  if (from.environment && from.gateway == gateway::apns)
    out.field("environment", to_string(*from.environment));
  if (from.lane) out.field("lane", to_string(*from.lane));
  if (!from.notification_id.empty()) out.field("notification_id", from.notification_id);
  out.field("readable", from.readable);
  out.field("targets", from.targets);
  out.field("settled", from.settled);
  out.field("reason", from.reason);
  out.field("owner", from.owner);
  out.time("buried_at", from.buried_at);
  out.close();
}

answer decide(const call& of, dead_letter_decision as) {
  auto decided = of.engine.decide_dead_letter(of.who.application, of.who.operates, of.name(), as);
  if (!decided) return decided.failure();
  json_text out;
  write_letter(out, *decided);
  return json_response(200, out);
}

}  // namespace

answer list_gateway_states(const call& of) {
  std::shared_ptr<gateway_look> look = of.engine.look_at_gateways(of.who.application);
  auto made = states_response(of.asked, *look);
  made.unfinished = std::make_shared<unfinished_answer>();
  made.unfinished->ready = [look] { return look->ready(); };
  made.unfinished->longest = longest_look;
  made.unfinished->finish = [look, asked = of.asked](operations&) { return states_response(asked, *look); };
  return made;
}

answer list_dead_letters(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_dead_letters(of.who.application, of.who.operates, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_letter);
}

answer requeue_dead_letter(const call& of) {
  return decide(of, dead_letter_decision::requeue);
}

answer drop_dead_letter(const call& of) {
  return decide(of, dead_letter_decision::drop);
}

}  // namespace pusher::http
