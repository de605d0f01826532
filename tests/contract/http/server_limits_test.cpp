// What the server bounds: time, what waits, memory, connections.
#include <doctest/doctest.h>

#include "client.hpp"
#include "started_server.hpp"

using namespace pusher;
using namespace std::chrono_literals;

TEST_CASE("time-outs end slow and silent clients, and nobody else") {
  held_requests held;
  limits_settings limits;
  limits.http_header_seconds = 1;
  limits.http_body_seconds = 1;
  limits.http_keep_alive_seconds = 1;
  auto server = start(held, limits);
  http_client waiting(server->port());
  REQUIRE(waiting.send(http_client::get("/")));
  auto exchange = held.take();
  REQUIRE(bool(exchange));
  SUBCASE("a head that never ends gets 408") {
    http_client client(server->port());
    auto answer = client.ask("GET / HTTP/1.1\r\nHost: t\r\n");
    REQUIRE(answer);
    CHECK(answer->status == 408);
    CHECK(client.closed_within(5s));
  }
  SUBCASE("a head that comes byte by byte does not win time") {
    http_client client(server->port());
    bool told = eventually([&] {
      (void)client.send("a");
      return server->stats().timed_out_connections == 1;
    });
    CHECK(told);
    CHECK(client.closed_within(5s));
  }
  SUBCASE("a body that never ends gets 408") {
    http_client client(server->port());
    auto answer = client.ask("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab");
    REQUIRE(answer);
    CHECK(answer->status == 408);
    CHECK(client.closed_within(5s));
  }
  SUBCASE("a connection without a request is closed") {
    CHECK(http_client(server->port()).closed_within(5s));
  }
  SUBCASE("an idle connection is closed") {
    exchange->answer(with_body("x"));
    REQUIRE(waiting.receive());
    CHECK(waiting.closed_within(5s));
    return;
  }
  exchange->answer(with_body("x"));
  CHECK(waiting.receive().has_value());
}

TEST_CASE("a client that does not read holds up nobody") {
  std::string big(8 * 1024 * 1024, 'b');
  late_answers answers(
      1, 0us, [&](const http::request& asked) { return with_body(asked.path == "/big" ? big : "s"); });
  auto server = start(answers);
  std::vector<std::unique_ptr<http_client>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<http_client>(server->port(), 4096));
    REQUIRE(slow.back()->send(http_client::get("/big")));
  }
  // One answering thread serves all; it would hang if sending waited for a client.
  http_client quick(server->port());
  for (int i = 0; i < 200; ++i)
    REQUIRE(quick.ask(http_client::get("/small")).has_value());
  // And the slow ones get everything in the end.
  for (auto& each : slow) {
    auto answer = each->receive();
    REQUIRE(answer);
    CHECK(answer->body == big);
  }
}

TEST_CASE("more requests than may wait are refused, and the refused may come again") {
  held_requests held;
  limits_settings limits;
  limits.concurrent_requests = 2;
  auto server = start(held, limits);
  http_client first(server->port()), second(server->port()), third(server->port());
  REQUIRE(first.send(http_client::get("/")));
  auto one = held.take();
  REQUIRE(second.send(http_client::get("/")));
  auto two = held.take();
  auto answer = third.ask(http_client::get("/"));
  REQUIRE(answer);
  CHECK(answer->status == 503);
  CHECK(answer->headers["retry-after"] == "1");
  one->answer(with_body("x"));
  REQUIRE(first.receive());
  http_client again(server->port());
  REQUIRE(again.send(http_client::get("/")));
  auto three = held.take();
  REQUIRE(bool(three));
  three->answer(with_body("y"));
  CHECK(again.receive().has_value());
}

TEST_CASE("more request bytes than may be in memory are refused, and given back after the answer") {
  held_requests held;
  limits_settings limits;
  limits.request_bytes_in_memory = 100'000;
  auto server = start(held, limits);
  http_client first(server->port()), second(server->port());
  REQUIRE(first.send(http_client::post("/", std::string(80'000, 'x'))));
  auto one = held.take();
  REQUIRE(bool(one));
  auto answer = second.ask(http_client::post("/", std::string(80'000, 'x')));
  REQUIRE(answer);
  CHECK(answer->status == 503);
  CHECK(answer->headers.count("retry-after") == 1);
  one->answer(with_body("x"));
  one.reset();
  REQUIRE(first.receive());
  CHECK(eventually([&] { return server->stats().request_bytes == 0; }));
}

TEST_CASE("at the connection cap the one that is nearest to its time-out gives way") {
  prompt_answers answers(echo);
  limits_settings limits;
  limits.concurrent_requests = 4;  // allows 80 connections
  auto server = start(answers, limits);
  std::vector<std::unique_ptr<http_client>> silent;
  for (int i = 0; i < 150; ++i)
    silent.push_back(std::make_unique<http_client>(server->port()));
  http_client client(server->port());
  CHECK(client.ask(http_client::get("/")).has_value());
  CHECK(eventually([&] { return server->stats().open_connections <= 81; }));
  // Which of the silent ones is up to the threads that took them in; who asked has more time left.
  CHECK(eventually([&] {
    return std::count_if(silent.begin(), silent.end(),
                         [](const auto& each) { return each->closed_within(1ms); }) >= 70;
  }));
  CHECK(client.ask(http_client::get("/")).has_value());
}
