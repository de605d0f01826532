// When pushes must not start: windows, rates, refusals, quotas, withdrawal.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/contract/transports/answer_collector.hpp"
#include "tests/contract/transports/emulated_gateway.hpp"
#include "transports/fcm/transport.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("no push starts while too many answers are not recorded") {
  emulated_gateway gateway;
  answer_collector sink;
  limits_settings limits;
  limits.unrecorded_answers = 10;
  limits.connections_per_credential = 1;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(500)));
  // What is in flight when the tenth answer comes is answered too, and nothing after it.
  REQUIRE(sink.await_answers(10));
  REQUIRE(await([&] { return (*fcm)->stats().in_flight == 0; }));
  size_t answered = sink.answers();
  CHECK(answered >= 10);
  CHECK(answered <= 110);
  CHECK((*fcm)->stats().queued == 500 - answered);
  (*fcm)->recorded(answered - 10);
  REQUIRE(await([&] { return (*fcm)->stats().in_flight == 0; }));
  CHECK(sink.answers() == answered);
  sink.record_for(**fcm);
  (*fcm)->recorded(10);
  REQUIRE(sink.await_answers(500));
  CHECK(sink.each_answered_once());
}

TEST_CASE("withdrawn targets come back unsent at once, and the others are pushed") {
  emulated_gateway gateway;
  answer_collector sink;
  gateway.stop();
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, tokens(200)));
  sink.submit(**fcm, order_of(2, tokens(100)));
  (*fcm)->withdraw(1);
  REQUIRE(sink.await_answers(200));
  CHECK(sink.kinds()[verdict_kind::unsent] == 200);
  CHECK(sink.of(1, 100).kind == verdict_kind::unsent);
  gateway.start_again();
  REQUIRE(sink.await_answers(300));
  CHECK(sink.of(2, 100).kind == verdict_kind::accepted);
}

TEST_CASE("everything that waits can be withdrawn") {
  emulated_gateway gateway;
  answer_collector sink;
  gateway.stop();
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(200)));
  sink.submit(**fcm, order_of(2, tokens(100), lane::transactional));
  (*fcm)->withdraw_all();
  REQUIRE(sink.await_answers(300));
  CHECK(sink.kinds()[verdict_kind::unsent] == 300);
  CHECK(await([&] { return (*fcm)->stats().queued == 0; }));
}

TEST_CASE("a transactional push does not wait behind a campaign") {
  emulated_gateway gateway({"--delay-ms", "10", "--max-streams", "20"});
  answer_collector sink;
  limits_settings limits;
  limits.connections_per_credential = 1;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  for (uint64_t id = 1; id <= 4; ++id)
    sink.submit(**fcm, order_of(id, tokens(500, "campaign-" + std::to_string(id) + "-")));
  sink.submit(**fcm, order_of(9, tokens(10, "urgent-"), lane::transactional));
  REQUIRE(sink.await_answers(2010));
  REQUIRE(await([&] { return gateway.arrivals().size() == 2010; }));
  auto arrivals = gateway.arrivals();
  auto last_urgent = std::find_if(arrivals.rbegin(), arrivals.rend(),
                                  [](auto& each) { return each.token.rfind("urgent-", 0) == 0; });
  CHECK(last_urgent - arrivals.rbegin() > 1000);
}

TEST_CASE("the rate of a minute is spread over it") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.messages_per_minute = 6'000;
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  auto begin = std::chrono::steady_clock::now();
  sink.submit(**fcm, order_of(1, tokens(100)));
  REQUIRE(sink.await_answers(100));
  // 90 a second for a campaign, after a burst of 50 ms worth.
  CHECK(std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(900));
}

TEST_CASE("access tokens that are revoked in mid-run cost no push") {
  emulated_gateway gateway({"--delay-ms", "5"});
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  for (uint64_t id = 1; id <= 6; ++id)
    sink.submit(**fcm, order_of(id, tokens(500, "order-" + std::to_string(id) + "-")));
  REQUIRE(sink.await_answers(300));
  gateway.control(R"({"revoke_tokens": true})");
  REQUIRE(sink.await_answers(3000));
  CHECK(sink.kinds()[verdict_kind::accepted] == 3000);
  CHECK(sink.each_answered_once());
}

TEST_CASE("a token is minted ahead of its end, and pushes never carry an old one") {
  emulated_gateway gateway({"--token-lifetime", "2"});
  answer_collector sink;
  auto settings = gateway.settings();
  settings.messages_per_minute = 6'000;
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, tokens(450)));
  REQUIRE(sink.await_answers(450));
  CHECK(sink.kinds()[verdict_kind::accepted] == 450);
  REQUIRE(await([&] { return gateway.arrivals().size() >= 450; }));
  for (auto& each : gateway.arrivals())
    CHECK(each.status == 200);
}

TEST_CASE("a service account that the gateway refuses costs no push; all wait until it is mended") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  gateway.control(R"({"fail": "401"})");
  sink.submit(**fcm, order_of(1, tokens(400)));
  CHECK(await([&] { return (*fcm)->stats().trouble.find("refuses the credential") != std::string::npos; }));
  CHECK(await([&] { return (*fcm)->stats().breaker_open; }));
  CHECK(sink.answers() == 0);
  gateway.control(R"({"fail": "none"})");
  REQUIRE(sink.await_answers(400));
  CHECK(sink.kinds()[verdict_kind::accepted] == 400);
  CHECK(await([&] { return (*fcm)->stats().trouble.empty(); }));
}

TEST_CASE("a gateway that only says 'later' is left alone but for one push at a time") {
  emulated_gateway gateway({"--delay-ms", "20"});
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  gateway.control(R"({"fail": "503"})");
  for (uint64_t id = 1; id <= 40; ++id)
    sink.submit(**fcm, order_of(id, tokens(500, "order-" + std::to_string(id) + "-")));
  REQUIRE(await([&] { return (*fcm)->stats().breaker_open; }));
  REQUIRE(await([&] { return (*fcm)->stats().in_flight == 0; }));
  size_t before = sink.answers();
  CHECK(before < 20'000);
  REQUIRE(sink.await_answers(before + 1));
  CHECK(sink.answers() == before + 1);
  gateway.control(R"({"fail": "none"})");
  REQUIRE(sink.await_answers(20'000));
  CHECK(sink.kinds()[verdict_kind::accepted] >= 20'000 - before - 10);
  CHECK(await([&] { return !(*fcm)->stats().breaker_open; }));
}
