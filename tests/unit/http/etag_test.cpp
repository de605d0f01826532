#include "http/etag.hpp"

#include <doctest/doctest.h>

using namespace pusher;
using namespace pusher::http;

namespace {

request asked_with(const std::string& name, const std::string& value, const std::string& method = "GET") {
  request made;
  made.method = method;
  made.headers[name] = value;
  return made;
}

response shown(const std::string& body) {
  response made;
  made.body = body;
  return made;
}

std::string tag_of(const response& from) {
  for (const auto& [name, value] : from.headers)
    if (name == "ETag") return value;
  return "";
}

}  // namespace

TEST_CASE("a tag names the version and the representation") {
  auto tag = tag_of(tagged(shown("a"), {}, "7"));
  CHECK(tag.rfind("\"7.", 0) == 0);
  CHECK(tag.back() == '"');
  CHECK(tag == tag_of(tagged(shown("a"), {}, "7")));
  CHECK(tag != tag_of(tagged(shown("b"), {}, "7")));
  CHECK(tag != tag_of(tagged(shown("a"), {}, "8")));
}

TEST_CASE("what the client has already is not sent again") {
  auto tag = tag_of(tagged(shown("a"), {}, "7"));
  for (const auto& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*"), gzipped_tag(tag)}) {
    auto made = tagged(shown("a"), asked_with("if-none-match", known), "7");
    CAPTURE(known);
    CHECK(made.status == 304);
    CHECK(made.body.empty());
    CHECK(tag_of(made) == tag);
  }
  for (const std::string unknown : {"\"x\"", "", "x", "\"", "W/", ",,,", "\"7\""})
    CHECK(tagged(shown("a"), asked_with("if-none-match", unknown), "7").status == 200);
  CHECK(tagged(shown("b"), asked_with("if-none-match", tag), "7").status == 200);
  CHECK(tagged(shown("a"), asked_with("if-none-match", tag, "PATCH"), "7").status == 200);
}

TEST_CASE("a change is made to the version that was seen, however its figures moved on") {
  auto tag = tag_of(tagged(shown("a"), {}, "7"));
  auto may = [](const std::string& given) { return may_change(asked_with("if-match", given), "7").ok(); };
  CHECK(may_change({}, "7").ok());
  CHECK(may(tag));
  CHECK(may("*"));
  CHECK(may("\"6.x\" ,\t" + tag));
  CHECK(may(gzipped_tag(tag)));
  CHECK(may(tag_of(tagged(shown("other counts"), {}, "7"))));
  for (const std::string stale : {"\"6.x\"", "\"77.x\"", "\"7\"", "", "7", "\"7", "W/\"7.x\""})
    CHECK_MESSAGE(!may(stale), stale);
  CHECK(may_change(asked_with("if-match", "\"6.x\""), "7").failure().code == errc::precondition_failed);
}

TEST_CASE("what must be new is not replaced, and what must be there is not made") {
  CHECK(may_create({}).ok());
  CHECK(may_create(asked_with("if-none-match", "*")).ok());
  CHECK(!may_create(asked_with("if-match", "*")).ok());
  CHECK(!may_change(asked_with("if-none-match", "*"), "7").ok());
}
