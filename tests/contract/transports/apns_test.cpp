// What is particular to APNs: keys, certificates, environments.
#include <doctest/doctest.h>

#include "tests/contract/transports/gateway_under_test.hpp"
#include "transports/apns/transport.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

class private_values final : public shared_values {
 public:
  result<std::optional<std::string>> load(const std::string&) override { return value_; }
  result<bool> replace(const std::string&, const std::optional<std::string>&,
                       const std::string& value) override {
    value_ = value;
    return true;
  }

 private:
  std::optional<std::string> value_;
};

struct apns_bench {
  explicit apns_bench(std::vector<std::string> flags = {}) : gateway(std::move(flags)) {
    settings.topic = gateway.fact("apns_topic");
    settings.base_url = gateway.fact("apns_base_url");
    settings.sandbox_base_url = gateway.fact("apns_sandbox_base_url");
    settings.ca_file = gateway.fact("ca_file");
  }
  void use_key() {
    settings.key_file = gateway.fact("apns_key_file");
    settings.key_id = gateway.fact("apns_key_id");
    settings.team_id = gateway.fact("apns_team_id");
    tokens = *make_provider_tokens(settings);
  }
  void start(environment where = environment::production) {
    auto made = make_apns_transport(settings, where, tokens, limits_settings{}, sink);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().detail));
    sender = *std::move(made);
    sink.record_for(*sender);
  }
  push_order order(uint64_t id, const std::vector<std::string>& texts,
                   const std::string& override_text = "") {
    push_order made;
    made.id = id;
    auto content = some_message();
    content->apns = override_text;
    made.content = content;
    for (auto& text : texts) {
      made.numbers.push_back(static_cast<uint32_t>(made.numbers.size()));
      made.targets.push_back(target_of(text));
      made.targets.back().device = {id * 1000 + made.numbers.back()};
    }
    return made;
  }
  push_target target_of(const std::string& text) { return every_gateway()[1].target(gateway, text); }
  int64_t seconds() const { return now_ms() / 1000; }

  emulated_gateway gateway;
  apns_settings settings;
  private_values store;
  std::shared_ptr<provider_token_keeper> tokens;
  answer_collector sink;
  std::unique_ptr<transport> sender;
};

}  // namespace

TEST_CASE("a provider token that APNs calls expired is renewed, and what waited is sent again") {
  apns_bench bench;
  bench.use_key();
  REQUIRE(bench.tokens->synchronize(bench.store, bench.seconds() - 25 * 60).ok());
  bench.start();
  bench.sender->submit(bench.order(1, {"before"}));
  REQUIRE(bench.sink.await_answers(1));
  bench.gateway.control(R"({"expire_keys": true})");
  bench.sender->submit(bench.order(2, tokens(20)));
  REQUIRE(await([&] { return bench.sender->stats().trouble.find("stale") != std::string::npos; }));
  CHECK(bench.sink.answers() == 1);
  REQUIRE(bench.tokens->synchronize(bench.store, bench.seconds()).ok());
  REQUIRE(bench.sink.await_answers(21));
  CHECK(bench.sink.kinds()[verdict_kind::accepted] == 21);
}

namespace {

/// Its key has sent one push, and then is revoked.
void revoke_in_use(apns_bench& bench) {
  bench.use_key();
  REQUIRE(bench.tokens->synchronize(bench.store, bench.seconds()).ok());
  bench.start();
  bench.sender->submit(bench.order(1, {"before"}));
  REQUIRE(bench.sink.await_answers(1));
  bench.gateway.control(R"({"revoke_keys": true})");
}

}  // namespace

TEST_CASE("a revoked key pauses at once; what was under way waits until it is good again") {
  apns_bench bench({"--delay-ms", "10"});
  revoke_in_use(bench);
  bench.sender->submit(bench.order(2, tokens(400)));
  REQUIRE(await([&] { return bench.sender->stats().breaker_open; }));
  CHECK(
      await([&] { return bench.sender->stats().trouble.find("InvalidProviderToken") != std::string::npos; }));
  CHECK(bench.sink.kinds()[verdict_kind::rejected] == 0);
  bench.gateway.control(R"({"revoke_keys": false})");
  REQUIRE(bench.sink.await_answers(401));
  CHECK(bench.sink.kinds()[verdict_kind::accepted] == 401);
  CHECK(await([&] { return bench.sender->stats().trouble.empty(); }));
}

TEST_CASE("with another credential in use nothing waits for the one that is refused") {
  apns_bench bench({"--delay-ms", "200"});
  revoke_in_use(bench);
  bench.sender->submit(bench.order(2, tokens(50)));
  REQUIRE(await([&] { return bench.sender->stats().in_flight > 0; }));
  bench.sender->withdraw_all();
  REQUIRE(bench.sink.await_answers(51));
  CHECK(bench.sink.kinds()[verdict_kind::unsent] == 50);
  bench.gateway.control(R"({"revoke_keys": false})");
}

TEST_CASE("certificates sign in as PEM and as PKCS #12; a wrong password is an error of configuration") {
  for (const char* fact : {"apns_certificate_file", "apns_certificate_p12"}) {
    CAPTURE(std::string(fact));
    apns_bench bench;
    bench.settings.certificate_file = bench.gateway.fact(fact);
    bench.settings.certificate_password = "pusher";
    bench.start();
    bench.sender->submit(bench.order(1, tokens(50)));
    REQUIRE(bench.sink.await_answers(50));
    CHECK(bench.sink.kinds()[verdict_kind::accepted] == 50);
  }
  apns_bench wrong;
  wrong.settings.certificate_file = wrong.gateway.fact("apns_certificate_p12");
  wrong.settings.certificate_password = "guess";
  CHECK(make_apns_transport(wrong.settings, environment::production, nullptr, limits_settings{}, wrong.sink)
            .failure()
            .code == errc::invalid_configuration);
}

TEST_CASE("each push type is taken with its topic, priority and payload") {
  apns_bench bench;
  bench.use_key();
  REQUIRE(bench.tokens->synchronize(bench.store, bench.seconds()).ok());
  bench.start();
  uint64_t id = 0;
  for (const char* type : {"alert", "background", "voip", "complication", "fileprovider", "location",
                           "pushtotalk", "widgets", "controls", "liveactivity"}) {
    CAPTURE(std::string(type));
    std::string aps =
        std::string(type) == "liveactivity"
            ? R"(,"payload":{"aps":{"event":"update","timestamp":1800000000,"content-state":{"a":1}}})"
            : "";
    auto text = std::string(R"({"headers":{"apns-push-type":")") + type + R"("})" + aps + "}";
    bench.sender->submit(bench.order(++id, {"device"}, text));
    REQUIRE(bench.sink.await_answers(id));
    CHECK(bench.sink.of(id, 0).kind == verdict_kind::accepted);
    CHECK(bench.sink.of(id, 0).gateway_message_id.size() == 36);
  }
}

TEST_CASE("a token of the other environment is told apart from a dead one, once") {
  apns_bench bench;
  bench.use_key();
  REQUIRE(bench.tokens->synchronize(bench.store, bench.seconds()).ok());
  bench.start();
  auto order = bench.order(1, {"SANDBOX-1", "SANDBOX-2"});
  order.targets[1].switched = true;
  bench.sender->submit(order);
  REQUIRE(bench.sink.await_answers(2));
  CHECK(bench.sink.of(1, 0).kind == verdict_kind::other_environment);
  CHECK(bench.sink.of(1, 1).kind == verdict_kind::unregistered);
  CHECK(bench.sink.of(1, 1).code == "BadDeviceToken");
}
