#include <doctest/doctest.h>

#include "answering.hpp"
#include "client.hpp"
#include "http/server.hpp"

using namespace pusher;

namespace {

/// What a route answers: to OPTIONS what may be done.
http::response answer_to(const http::request& asked) {
  http::response made;
  if (asked.method != "OPTIONS") return with_body("{}");
  made.status = 204;
  made.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
  return made;
}

struct cors_server {
  prompt_answers answers{answer_to};
  std::unique_ptr<http::server> server;

  explicit cors_server(std::vector<std::string> origins) {
    auto started = http::server::start({"127.0.0.1", 0}, {}, answers, nullptr, 1, std::move(origins));
    REQUIRE(started.ok());
    server = std::move(*started);
  }
  received_answer ask(const std::string& request) {
    auto answer = http_client(server->port()).ask(request);
    REQUIRE(answer);
    return *answer;
  }
  received_answer get(const std::string& origin) {
    return ask(http_client::get("/", "Origin: " + origin + "\r\n"));
  }
  received_answer preflight(const std::string& origin) {
    return ask(
        "OPTIONS / HTTP/1.1\r\nHost: t\r\nOrigin: " + origin +
        "\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\r\n");
  }
};

bool names_cors(const received_answer& answer) {
  for (const auto& [name, value] : answer.headers)
    if (name.rfind("access-control", 0) == 0) return true;
  return false;
}

}  // namespace

TEST_CASE("pages of other origins are told nothing unless theirs is allowed") {
  cors_server none({}), some({"https://ops.example.com", "http://localhost:3000"});
  for (auto* each : {&none, &some}) {
    for (const std::string origin :
         {"https://evil.example.com", "null", "https://ops.example.com.evil.example.com",
          "http://ops.example.com", "https://ops.example.com:8443", "HTTPS://OPS.EXAMPLE.COM"}) {
      CAPTURE(origin);
      CHECK(!names_cors(each->get(origin)));
      CHECK(each->preflight(origin).status == 204);
      CHECK(!names_cors(each->preflight(origin)));
    }
  }
  CHECK(none.get("https://ops.example.com").headers.count("vary") == 0);
  // What a cache keeps for one origin is not for another.
  CHECK(some.get("https://evil.example.com").headers["vary"] == "Origin");
}

TEST_CASE("pages of an allowed origin may ask and read, without cookies") {
  cors_server some({"https://ops.example.com", "http://localhost:3000"});
  for (const std::string origin : {"https://ops.example.com", "http://localhost:3000"}) {
    auto answer = some.get(origin);
    CHECK(answer.headers["access-control-allow-origin"] == origin);
    CHECK(answer.headers["access-control-expose-headers"].find("ETag") != std::string::npos);
    CHECK(answer.headers.count("access-control-allow-methods") == 0);
    auto may = some.preflight(origin);
    CHECK(may.status == 204);
    CHECK(may.headers["access-control-allow-origin"] == origin);
    CHECK(may.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS");
    CHECK(may.headers["access-control-allow-headers"].find("Authorization") != std::string::npos);
    for (const auto& each : {answer, may})
      CHECK(each.headers.count("access-control-allow-credentials") == 0);
  }
}

TEST_CASE("where any origin is allowed, no answer names one") {
  cors_server any({"*"});
  auto answer = any.get("https://whoever.example.com");
  CHECK(answer.headers["access-control-allow-origin"] == "*");
  CHECK(answer.headers.count("access-control-allow-credentials") == 0);
  CHECK(any.preflight("https://whoever.example.com").headers["access-control-allow-origin"] == "*");
}

TEST_CASE("a page can read why its request was refused before any route saw it") {
  cors_server some({"https://ops.example.com"});
  auto refused = some.ask(
      "POST / HTTP/1.1\r\nHost: t\r\nOrigin: https://ops.example.com\r\nContent-Length: 99999999\r\n\r\n");
  CHECK(refused.status == 413);
  CHECK(refused.headers["access-control-allow-origin"] == "https://ops.example.com");
}
