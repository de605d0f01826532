#include "actors/batch_traces.hpp"

#include "actors/work_spans.hpp"
#include "model/clock_us.hpp"

namespace pusher {

namespace {

constexpr size_t shown_requests = 20;  // of a batch: a campaign's others are like them

std::string name_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::accepted:
      return "accepted";
    case verdict_kind::unregistered:
      return "unregistered";
    case verdict_kind::rejected:
      return "rejected";
    case verdict_kind::retry:
      return "retry";
    case verdict_kind::expired:
      return "expired";
    case verdict_kind::other_environment:
      return "other_environment";
    case verdict_kind::postponed:
      return "postponed";
    case verdict_kind::unsent:
      return "unsent";
    case verdict_kind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

void batch_traces::submitting(push_order& order, push_route route) {
  const auto& given = order.content->trace_parent;
  if (given.empty() || !exporter_.traces()) return;
  auto launch = parse_traceparent(given);
  if (!launch) return;
  auto [found, fresh] = open_.try_emplace(order.id);
  auto& of = found->second;
  if (fresh) {
    of.campaign = fan_out_place(*launch);
    // A campaign has thousands of batches: each is a trace of its own that is linked to it.
    bool own = order.urgency == lane::campaign;
    of.place = {own ? new_trace_id() : launch->trace_id, new_span_id(), true};
    of.notification = order.content->key;
    of.route = route;
    of.urgency = order.urgency;
    of.since_us = now_us();
  }
  of.submitted += order.targets.size();
  of.left += order.targets.size();
  order.trace_parent = of.place.traceparent();
}

void batch_traces::take(batches::iterator found, const push_answer& answer) {
  auto& of = found->second;
  ++of.verdicts[answer.verdict.kind];
  if (answer.took_us > 0 && of.shown < shown_requests) tell_request(of, answer);
  if (of.left > 0) --of.left;
  if (of.left > 0) return;
  tell_batch(of);
  open_.erase(found);
}

void batch_traces::tell_request(batch& of, const push_answer& answer) {
  ++of.shown;
  span made;
  made.place = {of.place.trace_id, new_span_id(), true};
  made.parent_id = of.place.span_id;
  made.kind = span_kind::client;
  made.name = "POST";
  made.ended_us = now_us();
  made.started_us = made.ended_us - answer.took_us;
  std::string gateway(to_string(of.route.channel));
  made.texts = {{"http.request.method", "POST"},
                {"pusher.gateway", gateway},
                {"pusher.outcome", name_of(answer.verdict.kind)}};
  if (answer.status > 0) made.numbers = {{"http.response.status_code", answer.status}};
  bool well = answer.verdict.kind == verdict_kind::accepted;
  if (!well) made.failure = answer.verdict.code.empty() ? name_of(answer.verdict.kind) : answer.verdict.code;
  if (!well) made.texts.emplace_back("error.type", made.failure);
  exporter_.add(std::move(made));
}

void batch_traces::tell_batch(const batch& of) {
  span made;
  made.place = of.place;
  if (of.urgency == lane::campaign)
    made.links = {of.campaign};
  else
    made.parent_id = of.campaign.span_id;
  made.kind = span_kind::consumer;
  made.name = "process push batch";
  made.started_us = of.since_us;
  made.ended_us = now_us();
  std::string gateway(to_string(of.route.channel)), lane(to_string(of.urgency));
  made.texts = {
      {"messaging.system", "pusher"},       {"messaging.operation.type", "process"},
      {"messaging.operation.name", "push"}, {"messaging.destination.name", "push." + gateway + "." + lane},
      {"pusher.gateway", gateway},          {"pusher.lane", lane}};
  made.numbers = {{"messaging.batch.message_count", static_cast<int64_t>(of.submitted)},
                  {"pusher.notification_key", static_cast<int64_t>(of.notification.value)}};
  for (const auto& [kind, count] : of.verdicts)
    made.numbers.emplace_back("pusher.answers." + name_of(kind), count);
  exporter_.add(std::move(made));
}

}  // namespace pusher
