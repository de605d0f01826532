// From the server's start to its end, and what it tells of its health meanwhile.
#include <doctest/doctest.h>

#include "client.hpp"
#include "http/admin.hpp"
#include "started_server.hpp"

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

}  // namespace

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
