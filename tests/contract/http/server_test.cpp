#include "http/server.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "answering.hpp"
#include "client.hpp"
#include "http/admin.hpp"
#include "http/gzip.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

class fixed_health : public http::health_source {
 public:
  explicit fixed_health(bool well) : well_(well) {}
  std::vector<http::health_check> checks() const override {
    return {{"mariadb", well_, well_ ? "" : "does not answer"}};
  }
  bool ready() const override { return well_; }
  std::string metrics(http::metrics_format format) const override {
    return format == http::metrics_format::openmetrics ? "pusher_up 1\n# EOF\n" : "pusher_up 1\n";
  }

 private:
  bool well_;
};

std::unique_ptr<http::server> start(http::dispatcher& target, const limits_settings& limits = {},
                                    const http::health_source* health = nullptr) {
  auto started = http::server::start({"127.0.0.1", 0}, limits, target, health, 2);
  REQUIRE(started.ok());
  return std::move(*started);
}

http::response echo(const http::request& asked) {
  return with_body(asked.method + " " + asked.path + " " + asked.body);
}

}  // namespace

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

TEST_CASE("health is told without the dispatcher") {
  held_requests held;
  fixed_health well(true), ill(false);
  SUBCASE("when well") {
    auto server = start(held, {}, &well);
    http_client client(server->port());
    CHECK(client.ask(http_client::get("/livez"))->status == 200);
    CHECK(client.ask(http_client::get("/readyz"))->status == 200);
    CHECK(client.ask(http_client::post("/readyz", ""))->status == 405);
  }
  SUBCASE("when not ready, naming the check") {
    auto server = start(held, {}, &ill);
    http_client client(server->port());
    CHECK(client.ask(http_client::get("/livez"))->status == 200);
    auto answer = client.ask(http_client::get("/readyz"));
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->body.find("mariadb") != std::string::npos);
    CHECK(answer->body.find("does not answer") != std::string::npos);
  }
  CHECK(held.held() == 0);
}

TEST_CASE("the admin listener shows health and metrics and nothing else") {
  fixed_health well(true);
  auto admin = http::admin_server::start({"127.0.0.1", 0}, {}, well);
  REQUIRE(admin.ok());
  http_client client((*admin)->port());
  CHECK(client.ask(http_client::get("/livez"))->status == 200);
  auto metrics = client.ask(http_client::get("/metrics"));
  REQUIRE(metrics);
  CHECK(metrics->body == "pusher_up 1\n");
  CHECK(metrics->headers["content-type"].rfind("text/plain; version=0.0.4", 0) == 0);
  CHECK(client.ask(http_client::get("/v1/devices/x"))->status == 404);
  CHECK(http_client((*admin)->port()).ask(http_client::post("/v1/devices:import", "{}"))->status == 404);
}

TEST_CASE("while draining, requests under way are answered and new ones are not taken") {
  held_requests held;
  fixed_health well(true);
  auto server = start(held, {}, &well);
  http_client busy(server->port()), idle(server->port());
  REQUIRE(idle.ask(http_client::get("/livez")));
  REQUIRE(busy.send(http_client::get("/")));
  auto exchange = held.take();
  REQUIRE(bool(exchange));
  server->stop_accepting();
  CHECK(idle.closed_within(5s));
  http_client late(server->port());
  auto refused = late.ask(http_client::get("/"));
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(http_client(server->port()).ask(http_client::get("/livez"))->status == 200);
  exchange->answer(with_body("done"));
  auto answer = busy.receive();
  REQUIRE(answer);
  CHECK(answer->body == "done");
  CHECK(answer->headers["connection"] == "close");
}

TEST_CASE("stopping drops what is unanswered, and answers after the end go nowhere") {
  held_requests held;
  auto server = start(held);
  http_client client(server->port());
  REQUIRE(client.send(http_client::get("/")));
  auto exchange = held.take();
  REQUIRE(bool(exchange));
  server->stop();
  CHECK(client.closed_within(5s));
  server.reset();
  exchange->answer(with_body("late"));
  exchange.reset();
}

TEST_CASE("an address that cannot be listened on is named") {
  prompt_answers answers(echo);
  auto server = start(answers);
  auto second = http::server::start({"192.0.2.1", 80}, {}, answers, nullptr, 1);
  REQUIRE(!second.ok());
  CHECK(second.failure().code == errc::invalid_configuration);
  CHECK(second.failure().detail.find("192.0.2.1:80") != std::string::npos);
}

TEST_CASE("an IPv6 address may stand with or without brackets") {
  prompt_answers answers(echo);
  for (const char* host : {"::1", "[::1]"}) {
    auto started = http::server::start({host, 0}, {}, answers, nullptr, 1);
    REQUIRE(started.ok());
    CHECK((*started)->port() != 0);
  }
}
