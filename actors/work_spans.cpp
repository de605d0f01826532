#include "actors/work_spans.hpp"

#include "http/routes.hpp"
#include "model/clock_us.hpp"

namespace pusher {

span request_span(const http::request& asked, const http::response& answer, int64_t started_us) {
  span made;
  // Imports and exports come in parts, each a request of its own.
  bool part = asked.parsed != nullptr || !asked.internal.empty();
  made.place = {asked.trace_id, part ? new_span_id() : asked.span_id, true};
  made.parent_id = part ? asked.span_id : asked.caller_span_id;
  made.kind = part ? span_kind::internal : span_kind::server;
  made.started_us = started_us;
  made.ended_us = now_us();
  auto route = std::string(http::route_of(asked));
  made.name = route.empty() ? asked.method : asked.method + " " + route;
  made.texts = {{"http.request.method", asked.method}, {"pusher.request_id", asked.request_id}};
  if (!route.empty()) made.texts.emplace_back("http.route", route);
  for (const char* note : {http::application_note, http::launched_note})
    if (auto found = answer.internal.find(note); found != answer.internal.end())
      made.texts.emplace_back(std::string("pusher.") + note, found->second);
  made.numbers = {{"http.response.status_code", answer.status}};
  if (answer.status >= 500) made.failure = "HTTP " + std::to_string(answer.status);
  return made;
}

trace_context fan_out_place(const trace_context& launch) {
  return {launch.trace_id, derived_span_id(launch.trace_id, launch.span_id + " fan-out"), launch.sampled};
}

span fan_out_span(const trace_context& launch, const std::string& notification, uint64_t targets,
                  int64_t started_us) {
  span made;
  made.place = fan_out_place(launch);
  made.parent_id = launch.span_id;
  made.name = "send notification";
  made.kind = span_kind::producer;
  made.started_us = started_us;
  made.ended_us = now_us();
  made.texts = {{"messaging.system", "pusher"},
                {"messaging.operation.type", "send"},
                {"messaging.operation.name", "fan_out"},
                {"messaging.destination.name", "push"},
                {"pusher.notification", notification}};
  made.numbers = {{"pusher.audience", static_cast<int64_t>(targets)}};
  return made;
}

}  // namespace pusher
