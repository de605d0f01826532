// APNs's error table, and the life of a provider token.
#include <doctest/doctest.h>

#include <map>
#include <memory>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "model/json.hpp"
#include "transports/apns/answers.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/base64url.hpp"
#include "transports/retry_after.hpp"

using namespace pusher;

namespace {

const answer_rule& rule_of(int status, const std::string& reason, bool own_topic = false) {
  auto reading = read_apns_answer(status, R"({"reason":")" + reason + R"("})", own_topic);
  CHECK(reading.code == (status == 200 ? "" : reason));
  return apns_answers.find(status, reading.code, reading.detail);
}

/// The store that the processes of a cluster share.
class shared_memory final : public shared_values {
 public:
  result<std::optional<std::string>> load(const std::string& name) override {
    if (away) return error{errc::journal_unavailable, "away", "", 0};
    auto found = values.find(name);
    return found == values.end() ? std::optional<std::string>() : std::optional(found->second);
  }
  result<bool> replace(const std::string& name, const std::optional<std::string>& expected,
                       const std::string& value) override {
    auto now = *load(name);
    if (now != expected) return false;
    values[name] = value;
    return true;
  }

  std::map<std::string, std::string> values;
  bool away = false;
};

struct process {
  process(const ec_key& key, shared_memory& shared)
      : store(shared), keeper(key, "ABC123DEFG", "TEAM123456") {}
  std::string at(int64_t now) {
    REQUIRE(keeper.synchronize(store, now).ok());
    return keeper.token() ? keeper.token()->value : "";
  }
  shared_memory& store;
  provider_token_keeper keeper;
};

constexpr int64_t start = 1'800'000'000;

}  // namespace

TEST_CASE("every reason of APNs has the action of the table") {
  using action = answer_action;
  struct row {
    int status;
    const char* reason;
    action what;
  };
  for (auto& [status, reason, what] : std::initializer_list<row>{
           {200, "", action::accepted},
           {410, "Unregistered", action::dead_token},
           {410, "ExpiredToken", action::dead_token},
           {400, "BadDeviceToken", action::switch_environment},
           {400, "DeviceTokenNotForTopic", action::refused},
           {400, "TopicDisallowed", action::refused_credential},
           {400, "BadTopic", action::refused_credential},
           {400, "MissingTopic", action::refused_credential},
           {400, "BadCollapseId", action::refused},
           {400, "BadExpirationDate", action::refused},
           {400, "BadMessageId", action::refused},
           {400, "BadPriority", action::refused},
           {400, "DuplicateHeaders", action::refused},
           {400, "InvalidPushType", action::refused},
           {400, "MissingDeviceToken", action::refused},
           {400, "PayloadEmpty", action::refused},
           {404, "BadPath", action::refused},
           {405, "MethodNotAllowed", action::refused},
           {400, "IdleTimeout", action::retry_elsewhere},
           {413, "PayloadTooLarge", action::refused},
           {403, "ExpiredProviderToken", action::refresh_credential},
           {403, "InvalidProviderToken", action::refused_credential},
           {403, "MissingProviderToken", action::refused_credential},
           {403, "BadCertificate", action::refused_credential},
           {403, "BadCertificateEnvironment", action::refused_credential},
           {403, "BadEnvironmentKeyInToken", action::refused_credential},
           {403, "BadEnvironmentKeyIdInToken", action::refused_credential},
           {403, "Forbidden", action::refused_credential},
           {403, "UnrelatedKeyIdInToken", action::retry_elsewhere},
           {429, "TooManyProviderTokenUpdates", action::retry},
           {429, "TooManyRequests", action::retry},
           {500, "InternalServerError", action::retry},
           {503, "ServiceUnavailable", action::retry},
           {503, "Shutdown", action::retry_elsewhere},
           {400, "SomethingNew", action::refused},
           {302, "", action::refused},
       }) {
    CAPTURE(reason);
    CHECK(to_string(rule_of(status, reason).action) == to_string(what));
  }
  CHECK(rule_of(500, "InternalServerError").wait_ms == 900'000);
  CHECK(rule_of(429, "TooManyProviderTokenUpdates").reach == answer_reach::credential);
  CHECK(rule_of(400, "BadTopic", true).action == answer_action::refused);
}

TEST_CASE("the timestamp of a 410 is in milliseconds, and only a 410 has one") {
  CHECK(read_apns_answer(410, R"({"reason":"Unregistered","timestamp":1800000000123})", false)
            .unregistered_at == 1'800'000'000'123);
  CHECK(read_apns_answer(400, R"({"reason":"BadDeviceToken","timestamp":1})", false).unregistered_at == 0);
  for (const char* body : {"", "[]", "{\"reason\":1}", "{\"timestamp\":\"x\"}", "\xff"})
    CHECK(read_apns_answer(410, body, false).code.empty());
}

TEST_CASE("a provider token is an ES256 JWT whose signature is r and s side by side") {
  auto key = ec_key::generate();
  shared_memory shared;
  process one(*key, shared);
  auto token = one.at(start);
  auto first = token.find('.'), second = token.rfind('.');
  CHECK(from_base64url(token.substr(0, first)) == R"({"alg":"ES256","kid":"ABC123DEFG"})");
  CHECK(from_base64url(token.substr(first + 1, second - first - 1)) ==
        R"({"iss":"TEAM123456","iat":1800000000})");
  auto raw = *from_base64url(token.substr(second + 1));
  REQUIRE(raw.size() == 64);
  auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* pair = ECDSA_SIG_new();
  ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair, &der);
  ECDSA_SIG_free(pair);
  auto point = key->public_point();
  EVP_PKEY* peer = EVP_PKEY_new();
  EVP_PKEY* model = EVP_EC_gen("P-256");
  EVP_PKEY_copy_parameters(peer, model);
  REQUIRE(EVP_PKEY_set1_encoded_public_key(peer, point.data(), point.size()) == 1);
  auto verified = [&](const std::string& text) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, peer);
    int good = EVP_DigestVerify(context, der, static_cast<size_t>(size),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    return good == 1;
  };
  CHECK(verified(token.substr(0, second)));
  CHECK_FALSE(verified(token.substr(0, second) + "x"));
  OPENSSL_free(der);
  EVP_PKEY_free(peer);
  EVP_PKEY_free(model);
}

TEST_CASE("processes with the same key use one token, renewed between 40 and 50 minutes by one of them") {
  auto key = ec_key::generate();
  shared_memory shared;
  process one(*key, shared), two(*key, shared);
  auto first = one.at(start);
  CHECK(two.at(start + 1) == first);
  CHECK(one.at(start + 40 * 60) == first);
  CHECK(two.at(start + 40 * 60) == first);
  auto second = two.at(start + 50 * 60);
  CHECK(second != first);
  CHECK(one.at(start + 50 * 60) == second);
  CHECK(shared.values.begin()->second.find(second) == std::string::npos);
}

TEST_CASE("a refused token is renewed, but never within 20 minutes") {
  auto key = ec_key::generate();
  shared_memory shared;
  process one(*key, shared);
  auto first = one.at(start);
  one.keeper.refused(1);
  CHECK(one.at(start + 19 * 60) == first);
  CHECK(one.at(start + 20 * 60) != first);
  // A late refusal of the old one changes nothing.
  one.keeper.refused(1);
  auto second = one.keeper.token()->value;
  CHECK(one.at(start + 41 * 60) == second);
}

TEST_CASE("a store that lost the token is offered the one in use, and a restart finds it") {
  auto key = ec_key::generate();
  shared_memory shared;
  process one(*key, shared);
  auto first = one.at(start);
  shared.values.clear();
  CHECK(one.at(start + 60) == first);
  process restarted(*key, shared);
  CHECK(restarted.at(start + 120) == first);
}

TEST_CASE(
    "whoever comes after an actor of the same process goes on with its token, also when the store was "
    "emptied") {
  shared_memory shared;
  provider_token_memory memory;
  auto key = *ec_key::generate();
  auto made = [&](int64_t now) {
    auto one = std::make_unique<process>(key, shared);
    one->keeper.remember_in(memory, now);
    return one;
  };
  auto first = made(start)->at(start);
  for (int64_t now = start + 1; now < start + 10; ++now) {
    shared.values.clear();
    CHECK(made(now)->at(now) == first);
  }
  CHECK(shared.values.size() == 1);
  // What is too old is not remembered, and what another key minted is another's.
  shared.values.clear();
  CHECK(made(start + 59 * 60)->at(start + 59 * 60) != first);
  process other(*ec_key::generate(), shared);
  other.keeper.remember_in(memory, start + 1);
  CHECK_FALSE(static_cast<bool>(other.keeper.token()));
}

TEST_CASE("while the store is away the token in use stays; what another key sealed is no token") {
  auto key = ec_key::generate();
  shared_memory shared;
  process one(*key, shared);
  auto first = one.at(start);
  shared.away = true;
  CHECK_FALSE(one.keeper.synchronize(shared, start + 60).ok());
  CHECK(one.keeper.token()->value == first);
  CHECK(provider_token_keeper::usable(*one.keeper.token(), start + 57 * 60));
  CHECK_FALSE(provider_token_keeper::usable(*one.keeper.token(), start + 58 * 60));
  shared.away = false;
  process other(*ec_key::generate(), shared);
  CHECK(other.at(start + 60) != first);
}
