#include "http/problem.hpp"

#include <doctest/doctest.h>

#include "http/response_text.hpp"
#include "http/text.hpp"
#include "model/json.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

template <class Visit>
void for_every_code(const Visit& visit) {
  for (int number = 0; number <= static_cast<int>(errc::internal); ++number)
    visit(static_cast<errc>(number));
}

}  // namespace

TEST_CASE("every code has a status, a title and a document") {
  request asked;
  asked.path = "/v1/x";
  asked.request_id = "r1";
  for_every_code([&](errc code) {
    CAPTURE(to_string(code));
    auto kind = kind_of(code);
    CHECK(kind.status >= 400);
    CHECK(kind.status < 600);
    CHECK(!kind.title.empty());
    auto answer = problem({code, "The detail.", "/a/b", 0}, asked);
    CHECK(answer.status == kind.status);
    CHECK(answer.content_type == "application/problem+json");
    auto document = json::parse(answer.body);
    REQUIRE(document.ok());
    auto& told = *document;
    CHECK(json::view(told["type"]) == "/problems/" + std::string(to_string(code)));
    CHECK(json::view(told["code"]) == to_string(code));
    CHECK(told["status"].GetInt() == kind.status);
    CHECK(json::view(told["title"]) == kind.title);
    CHECK(json::view(told["instance"]) == "/v1/x");
    CHECK(json::view(told["request_id"]) == "r1");
    CHECK(json::view(told["errors"][0]["pointer"]) == "/a/b");
    CHECK(told["detail"].GetStringLength() > 0);
  });
}

TEST_CASE("what may be tried again says when") {
  for_every_code([](errc code) {
    CAPTURE(to_string(code));
    auto answer = problem({code, "x", "", 0}, {});
    bool says_when = false;
    for (const auto& [name, value] : answer.headers)
      says_when = says_when || name == "Retry-After";
    CHECK(says_when == (answer.status == 503 || answer.status == 429));
  });
  auto answer = problem({errc::store_unavailable, "", "", 7}, {});
  CHECK(answer.headers[0] == std::pair<std::string, std::string>("Retry-After", "7"));
}

TEST_CASE("our insides never reach a client, but the log") {
  for (auto code : {errc::internal, errc::store_unavailable, errc::journal_unavailable, errc::corrupt_data,
                    errc::timed_out, errc::invalid_configuration, errc::schema_too_new, errc::fenced,
                    errc::gateway_unavailable}) {
    auto answer = problem({code, "mysql at 10.0.0.5 said: what()", "", 0}, {});
    CHECK(answer.body.find("10.0.0.5") == std::string::npos);
    CHECK(answer.cause == "mysql at 10.0.0.5 said: what()");
  }
}

TEST_CASE("401 says how to authenticate") {
  auto answer = problem({errc::unauthenticated, "x", "", 0}, {});
  REQUIRE(answer.headers.size() == 1);
  CHECK(answer.headers[0].first == "WWW-Authenticate");
  CHECK(answer.headers[0].second.rfind("Bearer", 0) == 0);
}

TEST_CASE("no header's value can end its line") {
  response answer;
  answer.headers.emplace_back("Location", "/a\r\nSet-Cookie: x");
  auto bytes = to_bytes(answer, {"id\r\nX: y", true, false});
  CHECK(bytes.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(bytes.find("\r\nX: y") == std::string::npos);
}

TEST_CASE("an answer of 204 has neither body nor length") {
  response answer;
  answer.status = 204;
  auto bytes = to_bytes(answer, {"", true, false});
  CHECK(bytes.find("Content-Length") == std::string::npos);
  CHECK(bytes.substr(bytes.size() - 4) == "\r\n\r\n");
}

TEST_CASE("UTF-8 is told from what only looks like it") {
  for (const char* good : {"", "abc", "ü", "한국어", "😀", "a b"})
    CHECK(is_plain_text(good));
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf8", "a\nb", "\x7f"})
    CHECK(!is_plain_text(bad));
}
