#include "actors/inspect/bottleneck.hpp"

#include <doctest/doctest.h>

#include "model/json.hpp"

using namespace pusher;
using namespace pusher::screen;

namespace {

std::string actor(const std::string& role, unsigned busy, unsigned redis, unsigned mariadb,
                  const std::string& detail = "{}") {
  return R"({"name":")" + role + R"(/0","role":")" + role + R"(","busy_permille":)" + std::to_string(busy) +
         R"(,"waits_redis_permille":)" + std::to_string(redis) + R"(,"waits_mariadb_permille":)" +
         std::to_string(mariadb) + R"(,"detail":)" + detail + "}";
}

std::string transport(const std::string& shares) {
  return R"({"gateways":[{"gateway":"fcm","permille":)" + shares + "}]}";
}

std::string told_of(const std::string& actors, unsigned machine = 400) {
  auto document = json::parse(
      R"({"nodes":[{"name":"n1","process":"n1/b","report":{"ready":true,"machine_busy_permille":)" +
      std::to_string(machine) + R"(,"actors":[)" + actors + "]}}]}");
  REQUIRE(document);
  return utilisation_text(read_utilisation(read_cluster(*document)));
}

}  // namespace

TEST_CASE("the busiest stage is what holds the others back, with what it spends its time on") {
  auto text = told_of(actor("fan-out", 210, 10, 150) + "," + actor("push-sender", 300, 100, 0) + "," +
                          actor("result-writer", 940, 40, 810),
                      990);
  CHECK(text ==
        "Busy: fan-out 21 %, push-sender 30 %, result-writer 94 %, processors 99 %.\n"
        "Held back by: result-writer: 81 % of the time in MariaDB, 4 % in Redis; the\n"
        "  processors are in use.\n");
}

TEST_CASE("a sender is as busy as its busiest transport, or as long as pushes wait for a stream or a quota") {
  auto calm = transport(R"({"thread":100,"streams":0,"records":0,"rate":0})");
  CHECK(told_of(actor("push-sender", 80, 10, 0, calm)).find("nothing; no stage") != std::string::npos);
  for (auto [shares, why] : {std::pair(R"({"thread":970,"streams":20})", "works without"),
                             std::pair(R"({"thread":300,"streams":900})", "every stream to fcm is in use"),
                             std::pair(R"({"thread":300,"rate":900})", "the quota or the ramp of fcm")}) {
    auto text =
        told_of(actor("push-sender", 80, 10, 0, transport(shares)) + "," + actor("fan-out", 700, 0, 600));
    CAPTURE(text);
    CHECK(text.find("Held back by: push-sender") != std::string::npos);
    CHECK(text.find(why) != std::string::npos);
  }
}

TEST_CASE("of several actors the busiest counts, and nodes that say nothing say nothing") {
  CHECK(told_of(actor("result-writer", 100, 0, 0) + "," + actor("result-writer", 800, 0, 700))
            .find("result-writer 80 %") != std::string::npos);
  CHECK(told_of("").empty());
  CHECK(told_of(R"({"name":"fan-out/0","role":"fan-out"})").empty());
}
