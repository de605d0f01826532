#include "http/answer_framing.hpp"

#include <doctest/doctest.h>

#include "http/gzip.hpp"
#include "http/response_text.hpp"
#include "http/trace_context.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

response of_size(size_t bytes) {
  response made;
  made.body = std::string(bytes, 'x');
  return made;
}

answer_framing taking_gzip() {
  answer_framing made;
  made.gzip = true;
  return made;
}

}  // namespace

TEST_CASE("a trace goes on under the same id, with a parent of our own") {
  auto step = continue_trace("00-" + trace + "-" + parent + "-01");
  REQUIRE(step);
  CHECK(step->ours.trace_id == trace);
  CHECK(step->caller_id == parent);
  auto text = step->ours.traceparent();
  CHECK(text.size() == 55);
  CHECK(text.rfind("00-" + trace + "-", 0) == 0);
  CHECK(!contains(text, parent));
  CHECK(text.substr(52) == "-01");
  auto later = continue_trace("cc-" + trace + "-" + parent + "-00-what-the-future-will-be-like");
  REQUIRE(later);
  CHECK(later->ours.traceparent().rfind("00-", 0) == 0);
  CHECK(!later->ours.sampled);
}

TEST_CASE("what is no trace is none") {
  for (const auto& wrong :
       {std::string(), std::string("00"), "00-" + trace + "-" + parent,
        "00-" + trace + "-" + parent + "-01-x", "ff-" + trace + "-" + parent + "-01",
        "00-" + std::string(32, '0') + "-" + parent + "-01",
        "00-" + trace + "-" + std::string(16, '0') + "-01", "00-" + trace + "-" + parent + "-0g",
        "00-" + std::string(32, 'A') + "-" + parent + "-01", "00_" + trace + "-" + parent + "-01",
        "01-" + trace + "-" + parent + "-01x"})
    CHECK_MESSAGE(!continue_trace(wrong), wrong);
  CHECK(is_tracestate("a=1,b=2"));
  CHECK(!is_tracestate(""));
  CHECK(!is_tracestate(std::string(513, 'x')));
  CHECK(!is_tracestate("a=\xc3\xa9"));
}

TEST_CASE("a body that is worth it is gzipped for who takes that") {
  CHECK(!contains(to_bytes(of_size(1023), taking_gzip()), "Content-Encoding"));
  CHECK(!contains(to_bytes(of_size(1023), taking_gzip()), "Vary"));
  auto plain = to_bytes(of_size(1024), {});
  CHECK(!contains(plain, "Content-Encoding"));
  CHECK(contains(plain, "Vary: Accept-Encoding\r\n"));
  auto made = of_size(5000);
  made.headers.emplace_back("ETag", "\"1.a\"");
  auto packed = to_bytes(made, taking_gzip());
  CHECK(contains(packed, "Content-Encoding: gzip\r\n"));
  CHECK(contains(packed, "ETag: \"1.a-gzip\"\r\n"));
  auto body = packed.substr(packed.find("\r\n\r\n") + 4);
  CHECK(contains(packed, "Content-Length: " + std::to_string(body.size()) + "\r\n"));
  std::string_view rest(body);
  std::string inflated;
  gzip_decoder decoder;
  do
    REQUIRE(decoder.feed(rest, inflated));
  while (!rest.empty() || decoder.pending());
  CHECK(inflated == made.body);
  // HEAD has the headers of GET.
  auto head = taking_gzip();
  head.head_only = true;
  CHECK(to_bytes(made, head) == packed.substr(0, packed.size() - body.size()));
}

TEST_CASE("an answer that has no body has no length either") {
  response nothing;
  nothing.status = 304;
  auto bytes = to_bytes(nothing, taking_gzip());
  CHECK(!contains(bytes, "Content-Length"));
  CHECK(!contains(bytes, "Content-Type"));
}
