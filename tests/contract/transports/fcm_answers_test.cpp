// What becomes of pushes when the gateway answers, whatever it answers.
#include <doctest/doctest.h>

#include <set>

#include "tests/contract/transports/answer_collector.hpp"
#include "tests/contract/transports/emulated_gateway.hpp"
#include "transports/fcm/transport.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("every target of several orders is pushed once and answered once with the message's name") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  for (uint64_t id = 1; id <= 4; ++id)
    sink.submit(**fcm, order_of(id, tokens(500, "order-" + std::to_string(id) + "-")));
  REQUIRE(sink.await_answers(2000));
  CHECK(sink.kinds()[verdict_kind::accepted] == 2000);
  CHECK(sink.each_answered_once());
  std::set<std::string> names;
  for (uint64_t id = 1; id <= 4; ++id)
    for (uint32_t i = 0; i < 500; ++i)
      names.insert(sink.of(id, 100 + i).gateway_message_id);
  CHECK(names.size() == 2000);
  CHECK(await([&] { return gateway.accepted().size() == 2000; }));
  for (auto& each : gateway.accepted())
    CHECK_MESSAGE(each.second == 1, each.first);
  CHECK(await([&] { return (*fcm)->stats().requests == 2000 && (*fcm)->stats().trouble.empty(); }));
}

TEST_CASE("each scripted answer leads to the verdict of the gateway's table") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  struct row {
    const char* token;
    verdict_kind kind;
    const char* code;
    int64_t retry_after_ms;
    int64_t minimum_wait_ms;
  };
  const std::vector<row> rows{
      {"plain", verdict_kind::accepted, "", 0, 0},
      {"UNREG-1", verdict_kind::unregistered, "UNREGISTERED", 0, 0},
      {"BAD-1", verdict_kind::rejected, "INVALID_ARGUMENT", 0, 0},
      {"BADTOKEN-1", verdict_kind::unregistered, "INVALID_ARGUMENT", 0, 0},
      {"MISMATCH-1", verdict_kind::rejected, "SENDER_ID_MISMATCH", 0, 0},
      {"AUTH-1", verdict_kind::rejected, "THIRD_PARTY_AUTH_ERROR", 0, 0},
      {"QUOTA1X-1", verdict_kind::retry, "QUOTA_EXCEEDED", 1000, 0},
      {"UNAVAIL1X-1", verdict_kind::retry, "UNAVAILABLE", 1000, 0},
      {"INTERNAL1X-1", verdict_kind::retry, "INTERNAL", 0, 10'000},
      {"HTML-1", verdict_kind::rejected, "HTTP_404", 0, 0},
      {"RESET-1", verdict_kind::unknown, "NO_ANSWER", 0, 0},
      {"REFUSE1X-1", verdict_kind::unsent, "", 0, 0},
      {"GARBAGE-1", verdict_kind::unknown, "MALFORMED_ANSWER", 0, 0},
      {"HUGE-1", verdict_kind::unknown, "MALFORMED_ANSWER", 0, 0},
  };
  std::vector<std::string> all;
  for (auto& each : rows)
    all.emplace_back(each.token);
  sink.submit(**fcm, order_of(7, all));
  REQUIRE(sink.await_answers(rows.size()));
  for (uint32_t i = 0; i < rows.size(); ++i) {
    auto got = sink.of(7, 100 + i);
    CAPTURE(rows[i].token);
    CHECK(got.kind == rows[i].kind);
    CHECK(got.code == rows[i].code);
    CHECK(got.retry_after_ms == rows[i].retry_after_ms);
    CHECK(got.minimum_wait_ms == rows[i].minimum_wait_ms);
    CHECK(got.gateway_message_id.empty() == (rows[i].kind != verdict_kind::accepted));
  }
}

TEST_CASE("that FCM cannot sign in with APNs is reported, and delays no other push") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, {"AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4", "AUTH-5", "plain"}));
  REQUIRE(sink.await_answers(6));
  CHECK(sink.kinds()[verdict_kind::rejected] == 5);
  CHECK(sink.of(1, 105).kind == verdict_kind::accepted);
  CHECK(await([&] { return (*fcm)->stats().trouble.find("THIRD_PARTY_AUTH_ERROR") != std::string::npos; }));
}

TEST_CASE("a token with quotes, backslashes and letters beyond ASCII arrives as it is") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, {"with\"quote", "with\\backslash", "größer"}));
  REQUIRE(sink.await_answers(3));
  CHECK(sink.kinds()[verdict_kind::accepted] == 3);
}

TEST_CASE("installation ids, topics and conditions are sent as what they are") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, {"fid:cOnSiStEnTiNsTaLlAtI1", "topic:news", "topic:not a topic",
                                  "condition:'news' in topics && 'sport' in topics"}));
  REQUIRE(sink.await_answers(4));
  CHECK(sink.kinds()[verdict_kind::accepted] == 3);
  CHECK(sink.of(1, 102).kind == verdict_kind::rejected);
  CHECK(await([&] { return gateway.accepted().count("cOnSiStEnTiNsTaLlAtI1") == 1; }));
}

TEST_CASE("validate_only has every push checked and none delivered") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.validate_only = true;
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(5)));
  REQUIRE(sink.await_answers(5));
  CHECK(sink.kinds()[verdict_kind::accepted] == 5);
  CHECK(await([&] { return gateway.arrivals().size() == 5; }));
  for (auto& each : gateway.arrivals())
    CHECK(each.code == "VALIDATED");
}

TEST_CASE("a push that gets no answer by its deadline is unknown and delays no other") {
  emulated_gateway gateway;
  answer_collector sink;
  limits_settings limits;
  limits.request_timeout_seconds = 1;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, {"HANG-1", "HANG-2"}));
  sink.submit(**fcm, order_of(2, tokens(300)));
  REQUIRE(sink.await_answers(300));
  CHECK(sink.kinds()[verdict_kind::accepted] == 300);
  REQUIRE(sink.await_answers(302));
  CHECK(sink.of(1, 100).kind == verdict_kind::unknown);
  CHECK(sink.of(1, 101).kind == verdict_kind::unknown);
}

TEST_CASE("what expired while it waited is answered expired and never pushed") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  auto late = order_of(1, tokens(10));
  auto content = some_message();
  content->expires_at = now_ms() - 1;
  late.content = content;
  sink.submit(**fcm, late);
  REQUIRE(sink.await_answers(10));
  CHECK(sink.kinds()[verdict_kind::expired] == 10);
  CHECK(gateway.arrivals().empty());
}
