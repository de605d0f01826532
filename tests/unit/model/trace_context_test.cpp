#include "model/trace_context.hpp"

#include <doctest/doctest.h>

using namespace pusher;

TEST_CASE("a traceparent is read and written again") {
  std::string text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto read = parse_traceparent(text);
  REQUIRE(read);
  CHECK(read->trace_id == "0af7651916cd43dd8448eb211c80319c");
  CHECK(read->span_id == "b7ad6b7169203331");
  CHECK(read->sampled);
  CHECK(read->traceparent() == text);
  CHECK(!parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02")->sampled);
  CHECK(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03")->sampled);
  CHECK(!parse_traceparent(""));
}

TEST_CASE("new ids are well-formed and differ; a derived one is the same for everybody") {
  trace_context made{new_trace_id(), new_span_id(), true};
  CHECK(parse_traceparent(made.traceparent()));
  CHECK(new_span_id() != made.span_id);
  CHECK(new_trace_id() != made.trace_id);
  auto derived = derived_span_id(made.trace_id, "fan-out");
  CHECK(derived == derived_span_id(made.trace_id, "fan-out"));
  CHECK(derived != derived_span_id(made.trace_id, "other"));
  made.span_id = derived;
  CHECK(parse_traceparent(made.traceparent()));
}
