#include "http/answer_framing.hpp"

#include <algorithm>

#include "http/gzip.hpp"
#include "http/text.hpp"
#include "http/trace_context.hpp"
#include "model/ids.hpp"

namespace pusher::http {

namespace {

constexpr size_t most_id_bytes = 128;

std::string_view value_of(const request& asked, const char* name) {
  auto found = asked.headers.find(name);
  return found == asked.headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string request_id_of(const request& asked) {
  auto given = value_of(asked, "x-request-id");
  bool harmless = !given.empty() && given.size() <= most_id_bytes && is_visible_ascii(given);
  return harmless ? std::string(given) : make_uuid_v7();
}

/// A trace is the client's to begin and to sample; of the calls without one we may take some ourselves.
void join_trace(request& asked, answer_framing& framing, std::optional<unsigned> percent) {
  auto given = continue_trace(value_of(asked, "traceparent"));
  auto step = given || !percent ? given : begin_trace(*percent);
  if (!step) return;
  asked.trace_id = step->ours.trace_id;
  framing.headers.emplace_back("traceparent", step->ours.traceparent());
  if (percent && step->ours.sampled) {
    asked.span_id = step->ours.span_id;
    asked.caller_span_id = std::move(step->caller_id);
  }
  if (!given) return;
  auto state = value_of(asked, "tracestate");
  if (is_tracestate(state)) framing.headers.emplace_back("tracestate", state);
}

/// Pages of other origins read answers only where an operator allowed theirs. Cookies are never involved: a
/// key comes in a header, so nothing is sent that the page did not have.
void allow_origin(const request& asked, const std::vector<std::string>& allowed, answer_framing& framing) {
  if (allowed.empty()) return;
  framing.headers.emplace_back("Vary", "Origin");
  auto origin = value_of(asked, "origin");
  bool any = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
  if (origin.empty() || (!any && std::find(allowed.begin(), allowed.end(), origin) == allowed.end())) return;
  framing.headers.emplace_back("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  framing.headers.emplace_back("Access-Control-Expose-Headers",
                               "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, RateLimit, "
                               "RateLimit-Policy, traceparent");
  framing.preflight = asked.method == "OPTIONS" && asked.headers.count("access-control-request-method") > 0;
}

}  // namespace

answer_framing frame_answers(request& asked, const std::vector<std::string>& allowed_origins,
                             std::optional<unsigned> trace_percent) {
  answer_framing made;
  made.request_id = asked.request_id = request_id_of(asked);
  made.gzip = accepts_gzip(value_of(asked, "accept-encoding"));
  join_trace(asked, made, trace_percent);
  allow_origin(asked, allowed_origins, made);
  return made;
}

void answer_preflight(response& answer) {
  auto allow = std::find_if(answer.headers.begin(), answer.headers.end(),
                            [](const auto& each) { return each.first == "Allow"; });
  if (answer.status != 204 || allow == answer.headers.end()) return;
  auto methods = allow->second;
  answer.headers.emplace_back("Access-Control-Allow-Methods", std::move(methods));
  answer.headers.emplace_back("Access-Control-Allow-Headers",
                              "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, "
                              "If-None-Match, X-Request-Id, traceparent, tracestate");
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
}

}  // namespace pusher::http
