// What becomes of pushes when connections end, are refused, are slow or never come up.
#include <doctest/doctest.h>

#include <numeric>
#include <set>

#include "tests/contract/transports/answer_collector.hpp"
#include "tests/contract/transports/emulated_gateway.hpp"
#include "transports/fcm/transport.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

void submit_in_batches(answer_collector& sink, transport& to, size_t orders) {
  for (uint64_t id = 1; id <= orders; ++id)
    sink.submit(to, order_of(id, tokens(500, "order-" + std::to_string(id) + "-")));
}

size_t arrivals_with_200(const emulated_gateway& gateway) {
  auto accepted = gateway.accepted();
  return std::accumulate(accepted.begin(), accepted.end(), size_t{0},
                         [](size_t sum, auto& each) { return sum + static_cast<size_t>(each.second); });
}

}  // namespace

TEST_CASE("a gateway that says GOAWAY every 50 requests gets every push exactly once") {
  emulated_gateway gateway({"--goaway-every", "50"});
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.resend_for(**fcm);
  submit_in_batches(sink, **fcm, 4);
  REQUIRE(sink.await_answers(2000));
  CHECK(sink.kinds()[verdict_kind::accepted] == 2000);
  CHECK(sink.each_answered_once());
  REQUIRE(await([&] { return arrivals_with_200(gateway) >= 2000; }));
  for (auto& each : gateway.accepted())
    CHECK_MESSAGE(each.second == 1, each.first);
}

TEST_CASE(
    "connections after the first take up its TLS session, also when it was cut, and after a restart none is "
    "known") {
  for (const char* flag : {"--goaway-every", "--drop-every"}) {
    CAPTURE(flag);
    emulated_gateway gateway({flag, "300"});
    answer_collector sink;
    limits_settings limits;
    limits.connections_per_credential = 1;
    auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
    REQUIRE(fcm.ok());
    sink.record_for(**fcm);
    sink.resend_for(**fcm);
    submit_in_batches(sink, **fcm, 4);
    REQUIRE(sink.await_answers(2000));
    CHECK(gateway.statistic("resumed_sessions") >= 5);
    gateway.stop();
    gateway.start_again();  // its tickets' keys are others now: a full handshake
    sink.submit(**fcm, order_of(9, tokens(100, "again-")));
    REQUIRE(sink.await_answers(2100));
  }
}

TEST_CASE("connections that are cut leave no push without an answer, and none accepted that was sent twice") {
  emulated_gateway gateway({"--drop-every", "300"});
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.resend_for(**fcm);
  submit_in_batches(sink, **fcm, 4);
  REQUIRE(sink.await_answers(2000));
  auto kinds = sink.kinds();
  CHECK(kinds[verdict_kind::accepted] + kinds[verdict_kind::unknown] == 2000);
  CHECK(kinds[verdict_kind::unknown] > 0);
  CHECK(kinds[verdict_kind::unknown] <= 700);
  CHECK(sink.each_answered_once());
  REQUIRE(await([&] { return arrivals_with_200(gateway) >= kinds[verdict_kind::accepted]; }));
  for (auto& each : gateway.accepted())
    CHECK_MESSAGE(each.second == 1, each.first);
}

TEST_CASE("streams that the gateway refuses come back unsent and get through later") {
  emulated_gateway gateway;
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.resend_for(**fcm);
  sink.submit(**fcm, order_of(1, tokens(50, "REFUSE2X-")));
  REQUIRE(sink.await_answers(50));
  CHECK(sink.kinds()[verdict_kind::accepted] == 50);
  CHECK(sink.unsent() == 100);
}

TEST_CASE("more connections are opened while a slow gateway keeps all streams busy") {
  emulated_gateway gateway({"--delay-ms", "50", "--max-streams", "20"});
  answer_collector sink;
  limits_settings limits;
  limits.connections_per_credential = 5;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  submit_in_batches(sink, **fcm, 4);
  CHECK(await([&] { return (*fcm)->stats().connections == 5; }));
  CHECK(await([&] { return (*fcm)->stats().stream_capacity == 100; }));
  REQUIRE(sink.await_answers(2000));
  CHECK(sink.kinds()[verdict_kind::accepted] == 2000);
  CHECK((*fcm)->stats().connections <= 5);
}

TEST_CASE("never more streams are open than the gateway allows") {
  emulated_gateway gateway({"--delay-ms", "5", "--max-streams", "3"});
  answer_collector sink;
  limits_settings limits;
  limits.connections_per_credential = 1;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  // One more than allowed would be refused, and come back unsent.
  sink.submit(**fcm, order_of(1, tokens(100)));
  REQUIRE(sink.await_answers(100));
  CHECK(sink.kinds()[verdict_kind::accepted] == 100);
}

TEST_CASE("pushes wait for a gateway that is not there, and are sent when it is") {
  emulated_gateway gateway;
  answer_collector sink;
  gateway.stop();
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, tokens(100)));
  CHECK(await([&] { return (*fcm)->stats().breaker_open; }));
  CHECK_FALSE((*fcm)->stats().trouble.empty());
  CHECK((*fcm)->stats().queued == 100);
  gateway.start_again();
  REQUIRE(sink.await_answers(100));
  CHECK(sink.kinds()[verdict_kind::accepted] == 100);
  CHECK(await([&] { return !(*fcm)->stats().breaker_open && (*fcm)->stats().trouble.empty(); }));
}

TEST_CASE("a gateway that goes and comes back gets what is queued") {
  emulated_gateway gateway({"--delay-ms", "20"});
  answer_collector sink;
  auto fcm = make_fcm_transport(gateway.settings(), limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.resend_for(**fcm);
  submit_in_batches(sink, **fcm, 4);
  REQUIRE(sink.await_answers(100));
  gateway.stop();
  gateway.start_again();
  REQUIRE(sink.await_answers(2000));
  auto kinds = sink.kinds();
  CHECK(kinds[verdict_kind::accepted] + kinds[verdict_kind::unknown] == 2000);
  CHECK(kinds[verdict_kind::unknown] <= 1600);
}

TEST_CASE("a gateway that falls silent with its connection open is found out before the requests' deadline") {
  emulated_gateway gateway;
  answer_collector sink;
  limits_settings limits;
  limits.request_timeout_seconds = 3'600;
  auto fcm = make_fcm_transport(gateway.settings(), limits, sink);
  REQUIRE(fcm.ok());
  sink.record_for(**fcm);
  sink.submit(**fcm, order_of(1, tokens(10)));
  REQUIRE(sink.await_answers(10));
  gateway.freeze();
  sink.submit(**fcm, order_of(2, tokens(10)));
  REQUIRE(sink.await_answers(20));
  CHECK(sink.of(2, 100).kind == verdict_kind::unknown);
  gateway.thaw();
  sink.submit(**fcm, order_of(3, tokens(10)));
  REQUIRE(sink.await_answers(30));
  CHECK(sink.of(3, 100).kind == verdict_kind::accepted);
}

TEST_CASE("a gateway is found by its name") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.base_url = "https://localhost" + settings.base_url.substr(settings.base_url.rfind(':'));
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(10)));
  REQUIRE(sink.await_answers(10));
  CHECK(sink.kinds()[verdict_kind::accepted] == 10);
}

TEST_CASE("a name that does not exist is reported and costs no push") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.base_url = "https://gateway.invalid";
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(10)));
  CHECK(await([&] { return (*fcm)->stats().trouble.find("gateway.invalid") != std::string::npos; }));
  CHECK(sink.answers() == 0);
}

TEST_CASE("a certificate that is not trusted stops every push and is named as the trouble") {
  emulated_gateway gateway;
  emulated_gateway other;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.ca_file = other.settings().ca_file;
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(10)));
  CHECK(await([&] { return (*fcm)->stats().trouble.find("certificate") != std::string::npos; }));
  CHECK(await([&] { return (*fcm)->stats().breaker_open; }));
  CHECK(sink.answers() == 0);
  CHECK(gateway.arrivals().empty());
}

TEST_CASE("a certificate for another host name is refused") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  auto port = settings.base_url.substr(settings.base_url.rfind(':'));
  settings.base_url = "https://127.0.0.2" + port;
  auto fcm = make_fcm_transport(settings, limits_settings{}, sink);
  REQUIRE(fcm.ok());
  sink.submit(**fcm, order_of(1, tokens(10)));
  CHECK(await([&] { return (*fcm)->stats().breaker_open; }));
  CHECK(sink.answers() == 0);
  CHECK(gateway.arrivals().empty());
}

TEST_CASE("a service account, base URL or authority that cannot be used is an error of configuration") {
  emulated_gateway gateway;
  answer_collector sink;
  auto settings = gateway.settings();
  settings.service_account_file = "/nonexistent.json";
  CHECK(make_fcm_transport(settings, limits_settings{}, sink).failure().code == errc::invalid_configuration);
  settings = gateway.settings();
  settings.base_url = "ftp://example.com";
  CHECK(make_fcm_transport(settings, limits_settings{}, sink).failure().code == errc::invalid_configuration);
  settings = gateway.settings();
  settings.ca_file = "/nonexistent.pem";
  CHECK(make_fcm_transport(settings, limits_settings{}, sink).failure().code == errc::invalid_configuration);
}
