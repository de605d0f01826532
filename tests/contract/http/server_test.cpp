// What the server makes of requests, and how it answers.
#include <doctest/doctest.h>

#include <algorithm>

#include "client.hpp"
#include "http/gzip.hpp"
#include "started_server.hpp"

using namespace pusher;
using namespace std::chrono_literals;

TEST_CASE("a connection serves request after request, from other threads") {
  late_answers answers(4, 500us, echo);
  auto server = start(answers);
  http_client client(server->port());
  for (int i = 0; i < 50; ++i) {
    auto path = "/n/" + std::to_string(i);
    auto answer = client.ask(http_client::post(path, std::string(static_cast<size_t>(i) * 700, 'x')));
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->headers["connection"] == "keep-alive");
    CHECK(answer->body == "POST " + path + " " + std::string(static_cast<size_t>(i) * 700, 'x'));
  }
  CHECK(server->stats().connections == 1);
}

TEST_CASE("the client decides whether the connection stays") {
  prompt_answers answers(echo);
  auto server = start(answers);
  SUBCASE("Connection: close closes") {
    http_client client(server->port());
    auto answer = client.ask(http_client::get("/", "Connection: close\r\n"));
    REQUIRE(answer);
    CHECK(answer->headers["connection"] == "close");
    CHECK(client.closed_within(5s));
  }
  SUBCASE("HTTP/1.0 closes") {
    http_client client(server->port());
    auto answer = client.ask("GET / HTTP/1.0\r\n\r\n");
    REQUIRE(answer);
    CHECK(answer->headers["connection"] == "close");
    CHECK(client.closed_within(5s));
  }
  SUBCASE("HTTP/1.0 with keep-alive stays") {
    http_client client(server->port());
    for (int i = 0; i < 2; ++i) {
      auto answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      REQUIRE(answer);
      CHECK(answer->headers["connection"] == "keep-alive");
    }
  }
}

TEST_CASE("HEAD is answered as GET without its body") {
  prompt_answers answers(echo);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send("HEAD /abc HTTP/1.1\r\nHost: t\r\n\r\n"));
  auto answer = client.receive(true);
  REQUIRE(answer);
  CHECK(answer->headers["content-length"] == "9");  // "GET /abc "
  auto next = client.ask(http_client::get("/next"));
  REQUIRE(next);
  CHECK(next->body == "GET /next ");
}

TEST_CASE("a client's request id comes back, a hostile one is replaced") {
  prompt_answers answers([](const auto& asked) { return with_body(asked.request_id); });
  auto server = start(answers);
  http_client client(server->port());
  auto answer = client.ask(http_client::get("/", "X-Request-Id: abc-1\r\n"));
  REQUIRE(answer);
  CHECK(answer->headers["x-request-id"] == "abc-1");
  CHECK(answer->body == "abc-1");
  answer = client.ask(http_client::get("/", "X-Request-Id: a b\r\n"));
  REQUIRE(answer);
  CHECK(answer->headers["x-request-id"] != "a b");
  CHECK(answer->headers["x-request-id"] == answer->body);
}

TEST_CASE("a client that waits for 100-continue is told to go on") {
  prompt_answers answers(echo);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  auto go_on = client.receive();
  REQUIRE(go_on);
  CHECK(go_on->status == 100);
  auto answer = client.ask("abc");
  REQUIRE(answer);
  CHECK(answer->body == "POST / abc");
}

TEST_CASE("a chunked body arrives whole, however it is cut") {
  prompt_answers answers(echo);
  auto server = start(answers);
  http_client client(server->port());
  std::string request =
      "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
  for (char c : request)
    REQUIRE(client.send({&c, 1}));
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->body == "POST / abc0123456789");
}

TEST_CASE("an exchange that is dropped without an answer answers 500") {
  held_requests held;
  auto server = start(held);
  http_client client(server->port());
  REQUIRE(client.send(http_client::get("/")));
  held.take().reset();
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->status == 500);
  CHECK(answer->headers["content-type"] == "application/problem+json");
}

TEST_CASE("only the first of several answers is sent") {
  prompt_answers answers(echo);
  held_requests held;
  auto server = start(held);
  http_client client(server->port());
  REQUIRE(client.send(http_client::get("/")));
  auto exchange = held.take();
  REQUIRE(bool(exchange));
  exchange->answer(with_body("first"));
  exchange->answer(with_body("second"));
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->body == "first");
  REQUIRE(client.send(http_client::get("/")));
  held.take()->answer(with_body("third"));
  answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->body == "third");
}

TEST_CASE("a pipelined request is refused behind the first one's answer") {
  held_requests held;
  auto server = start(held);
  http_client client(server->port());
  REQUIRE(client.send(http_client::get("/first") + http_client::get("/second")));
  auto exchange = held.take();
  REQUIRE(bool(exchange));
  CHECK(exchange->request().path == "/first");
  exchange->answer(with_body("one"));
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->body == "one");
  auto refused = client.receive();
  REQUIRE(refused);
  CHECK(refused->status == 400);
  CHECK(client.closed_within(5s));
  CHECK(held.held() == 0);
}

TEST_CASE("faults of HTTP are told as problems and end the connection") {
  prompt_answers answers(echo);
  limits_settings limits;
  limits.request_body_bytes = 1000;
  auto server = start(answers, limits);
  auto refused = [&](const std::string& request, int status) {
    http_client client(server->port());
    auto answer = client.ask(request);
    CAPTURE(request.substr(0, 100));
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->headers["content-type"] == "application/problem+json");
    CHECK(answer->headers["connection"] == "close");
    CHECK(client.closed_within(5s));
  };
  refused(http_client::post("/", std::string(1001, 'x')), 413);
  refused(http_client::post("/", std::string(100'000, 'x')), 413);
  refused("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(2048, 'x'),
          413);
  refused("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", 413);
  refused("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", 501);
  refused("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400);
  refused("GET / HTTP/1.1\r\nHost: t\r\nx: " + std::string(40'000, 'x') + "\r\n\r\n", 431);
  refused("GET /../etc HTTP/1.1\r\nHost: t\r\n\r\n", 400);
  refused("GET / HTTP/2.0\r\n\r\n", 505);
  refused("\x16\x03\x01\x02", 400);
  // The server is as good as before.
  http_client client(server->port());
  CHECK(client.ask(http_client::post("/", std::string(1000, 'x'))).has_value());
}

TEST_CASE("a gzipped body is inflated, in bounds") {
  prompt_answers answers(echo);
  limits_settings limits;
  limits.request_body_bytes = 100'000;
  auto server = start(answers, limits);
  auto ask = [&](const std::string& body, const std::string& coding = "gzip") {
    http_client client(server->port());
    auto answer = client.ask(http_client::post("/", body, "Content-Encoding: " + coding + "\r\n"));
    REQUIRE(answer);
    return *answer;
  };
  auto packed = [](const std::string& text) {
    http::gzip_encoder encoder;
    auto made = encoder.add(text);
    return made + encoder.finish();
  };
  CHECK(ask(packed("hello")).body == "POST / hello");
  CHECK(ask(packed("hello"), "X-GZip").body == "POST / hello");
  CHECK(ask(packed("hel") + packed("lo")).body == "POST / hello");
  CHECK(ask("").body == "POST / ");
  CHECK(ask(packed(std::string(100'000, 'x'))).status == 200);
  CHECK(ask(packed(std::string(100'001, 'x'))).status == 413);
  CHECK(ask(packed(std::string(80'000'000, 'x'))).status == 413);
  CHECK(ask("hello").status == 400);
  auto cut = packed("hello");
  cut.pop_back();
  CHECK(ask(cut).status == 400);
  auto other = ask("hello", "br");
  CHECK(other.status == 415);
  CHECK(other.body.find("gzip") != std::string::npos);

  // Byte by byte in chunks, and the connection serves on.
  http_client client(server->port());
  REQUIRE(client.send(
      "POST / HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (char c : packed("hello"))
    REQUIRE(client.send(std::string("1\r\n") + c + "\r\n"));
  auto answer = client.ask("0\r\n\r\n");
  REQUIRE(answer);
  CHECK(answer->body == "POST / hello");
  CHECK(client.ask(http_client::get("/on"))->body == "GET /on ");
  CHECK(eventually([&] { return server->stats().request_bytes == 0; }));
}

TEST_CASE("what comes behind a refused request is never taken for a request") {
  held_requests held;
  limits_settings limits;
  limits.request_body_bytes = 10;
  auto server = start(held, limits);
  http_client client(server->port());
  REQUIRE(client.send(http_client::post("/", http_client::get("/smuggled"))));
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->status == 413);
  (void)client.send(http_client::get("/smuggled"));
  CHECK(client.closed_within(5s));
  CHECK(held.held() == 0);
}
