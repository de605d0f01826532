// What every transport must do, whichever its gateway, when answers, streams and connections go wrong.
#include <doctest/doctest.h>

#include "tests/contract/transports/gateway_under_test.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

template <class Test>
void for_every_gateway(Test test) {
  for (auto& each : every_gateway()) {
    CAPTURE(std::string(each.name));
    test(each);
  }
}

}  // namespace

TEST_CASE("every gateway: each target is pushed once and answered once") {
  for_every_gateway([](auto& which) {
    bench_of bench(which);
    bench.submit_many();
    REQUIRE(bench.sink.await_answers(2000));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] == 2000);
    CHECK(bench.sink.each_answered_once());
    CHECK(await([&] { return bench.arrivals_accepted() == 2000; }));
    CHECK(bench.each_accepted_at_most_once());
  });
}

TEST_CASE("every gateway: pushes that one answer refuses, hangs or garbles do not touch the others") {
  for_every_gateway([](auto& which) {
    limits_settings limits;
    limits.request_timeout_seconds = 2;
    bench_of bench(which, {}, limits);
    bench.submit_each(1, {"RESET-1", "GARBAGE-1", "HUGE-1", "REDIRECT-1", "HANG-1"});
    bench.submit(9, tokens(300));
    REQUIRE(bench.sink.await_answers(305));
    for (uint32_t i = 0; i < 300; ++i)
      CHECK(bench.sink.of(9, 100 + i).kind == verdict_kind::accepted);
    CHECK(bench.sink.of(1, 100).kind == verdict_kind::unknown);
    CHECK(bench.sink.of(4, 100).kind == verdict_kind::rejected);
    CHECK(bench.sink.of(4, 100).code == "HTTP_307");
    CHECK(bench.sink.of(5, 100).kind == verdict_kind::unknown);
    CHECK(bench.sink.of(5, 100).code == "NO_ANSWER");
  });
}

TEST_CASE("every gateway: a code that nobody knows is refused, and never a dead token") {
  for_every_gateway([](auto& which) {
    bench_of bench(which);
    bench.submit_each(1, {"SAY-400-SomethingNew-1", "SAY-409-Other-1", "SAY-418-Teapot-1"});
    REQUIRE(bench.sink.await_answers(3));
    for (uint64_t order : {1, 2, 3})
      CHECK(bench.sink.of(order, 100).kind == verdict_kind::rejected);
  });
}

TEST_CASE("every gateway: Retry-After is kept, by seconds") {
  for_every_gateway([](auto& which) {
    bench_of bench(which);
    bench.submit_each(1, {"SAY-503-Busy-R7-1", "SAY-429-TooMany-R9-1"});
    REQUIRE(bench.sink.await_answers(2));
    CHECK(bench.sink.of(1, 100).kind == verdict_kind::retry);
    CHECK(bench.sink.of(1, 100).retry_after_ms == 7'000);
    CHECK(bench.sink.of(2, 100).retry_after_ms == 9'000);
  });
}

TEST_CASE("every gateway: GOAWAY in the middle costs no push and doubles none") {
  for_every_gateway([](auto& which) {
    for (const char* flag : {"--goaway-every", "--goaway-cut"}) {
      CAPTURE(std::string(flag));
      bench_of bench(which, {flag, "50"});
      bench.sink.resend_for(*bench.sender);
      bench.submit_many();
      REQUIRE(bench.sink.await_answers(2000));
      CHECK(bench.sink.kinds()[verdict_kind::accepted] == 2000);
      CHECK(bench.sink.each_answered_once());
      CHECK(await([&] { return bench.arrivals_accepted() == 2000; }));
      CHECK(bench.each_accepted_at_most_once());
    }
  });
}

TEST_CASE(
    "every gateway: cut connections leave no push without an answer, and none accepted was sent twice") {
  for_every_gateway([](auto& which) {
    bench_of bench(which, {"--drop-every", "300"});
    bench.sink.resend_for(*bench.sender);
    bench.submit_many();
    REQUIRE(bench.sink.await_answers(2000));
    auto kinds = bench.sink.kinds();
    CHECK(kinds[verdict_kind::accepted] + kinds[verdict_kind::unknown] == 2000);
    CHECK(bench.sink.each_answered_once());
    CHECK(await([&] { return bench.arrivals_accepted() >= kinds[verdict_kind::accepted]; }));
    CHECK(bench.each_accepted_at_most_once());
  });
}

TEST_CASE("every gateway: refused streams come back unsent and get through later") {
  for_every_gateway([](auto& which) {
    bench_of bench(which);
    bench.sink.resend_for(*bench.sender);
    bench.submit(1, tokens(50, "REFUSE2X-"));
    REQUIRE(bench.sink.await_answers(50));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] == 50);
    CHECK(bench.sink.unsent() == 100);
  });
}

TEST_CASE("every gateway: never more streams are open than the gateway allows, from the first one on") {
  for_every_gateway([](auto& which) {
    limits_settings limits;
    limits.connections_per_credential = 1;
    bench_of bench(which, {"--max-streams", "3", "--first-streams", "1", "--delay-ms", "5"}, limits);
    bench.submit(1, tokens(100));
    REQUIRE(bench.sink.await_answers(100));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] == 100);
  });
}

TEST_CASE("every gateway: one that is away or has a strange certificate gets nothing and loses nothing") {
  for_every_gateway([](auto& which) {
    bench_of bench(which);
    bench.sink.resend_for(*bench.sender);
    bench.gateway.stop();
    bench.submit(1, tokens(50));
    CHECK(await([&] { return bench.sender->stats().breaker_open; }));
    CHECK_FALSE(bench.sender->stats().trouble.empty());
    bench.gateway.start_again();
    REQUIRE(bench.sink.await_answers(50));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] == 50);
    CHECK(await([&] { return bench.sender->stats().trouble.empty(); }));
  });
}

TEST_CASE(
    "every gateway: one that only fails is left alone but for one push at a time, and found well again") {
  for_every_gateway([](auto& which) {
    limits_settings limits;
    limits.connections_per_credential = 1;
    bench_of bench(which, {"--delay-ms", "20"}, limits);
    bench.sink.resend_for(*bench.sender);
    bench.gateway.control(R"({"fail": "503"})");
    for (uint64_t id = 1; id <= 2000; ++id)
      bench.submit(id, tokens(5, "order-" + std::to_string(id) + "-"));
    CAPTURE(bench.sink.kinds()[verdict_kind::retry]);
    REQUIRE(await([&] { return bench.sender->stats().breaker_open; }));
    REQUIRE(await([&] { return bench.sender->stats().in_flight == 0; }));
    auto before = bench.sink.answers();
    CHECK(before < 10'000);
    bench.gateway.control(R"({"fail": "none"})");
    REQUIRE(bench.sink.await_answers(10'000));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] >= 10'000 - before - 10 * 5);
  });
}

TEST_CASE("gateways that may speak HTTP/1.1 get their pushes by it, over several connections") {
  for (auto& each : every_gateway()) {
    std::string name = each.name;
    if (name == "fcm" || name == "apns") continue;
    CAPTURE(name);
    bench_of bench(each, {"--no-http2", "--drop-every", "70"});
    bench.sink.resend_for(*bench.sender);
    bench.submit_many();
    bench.submit_each(11, {"SAY-503-Busy-R7-1", "HUGE-1", "DOWN-1"});
    REQUIRE(bench.sink.await_answers(2003));
    auto kinds = bench.sink.kinds();
    CHECK(kinds[verdict_kind::accepted] >= 1900);
    CHECK(bench.sink.of(11, 100).retry_after_ms == 7'000);
    CHECK(bench.sink.each_answered_once());
    CHECK(bench.each_accepted_at_most_once());
  }
}

TEST_CASE("a token that legacy FCM replaces comes back with its successor") {
  for (auto& each : every_gateway()) {
    if (std::string(each.name) != "legacy") continue;
    bench_of bench(each);
    bench.submit(1, {"CANON-7", "plain"});
    REQUIRE(bench.sink.await_answers(2));
    CHECK(bench.sink.of(1, 100).kind == verdict_kind::accepted);
    CHECK(bench.sink.of(1, 100).replacement_token == "NEW-7");
    CHECK(bench.sink.of(1, 101).replacement_token.empty());
  }
}
