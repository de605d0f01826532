#include "transports/credential.hpp"

#include <doctest/doctest.h>

#include "transports/jwt.hpp"

using namespace pusher;

namespace {

std::string p256_pem() {
  auto key = ec_key::generate();
  REQUIRE(key);
  return *key->to_pem();
}

}  // namespace

TEST_CASE("a credential's content survives as text, bytes included") {
  credential_content content;
  content.gateway = gateway::apns;
  content.certificate = std::string("\x30\x82\x00\xff", 4);
  content.certificate_password = "\"quoted\"\n";
  content.topic = "com.example.app";
  auto again = parse_credential_content(to_text(content));
  REQUIRE(again);
  CHECK(again->gateway == gateway::apns);
  CHECK(again->certificate == content.certificate);
  CHECK(again->certificate_password == content.certificate_password);
  CHECK(again->topic == content.topic);
  CHECK(again->key.empty());
  CHECK(parse_credential_content("{}").failure().code == errc::corrupt_data);
  CHECK(parse_credential_content("nonsense").failure().code == errc::corrupt_data);
}

TEST_CASE("what is shown of a credential names it and tells nothing secret") {
  credential_content content;
  content.gateway = gateway::webpush;
  content.vapid_key = p256_pem();
  content.subject = "mailto:ops@example.com";
  auto facts = examine(content, {});
  REQUIRE(facts);
  CHECK(facts->json.find("\"subject\":\"mailto:ops@example.com\"") != std::string::npos);
  CHECK(facts->json.find("\"public_key\"") != std::string::npos);
  CHECK(facts->json.find("\"fingerprint\"") != std::string::npos);
  CHECK(facts->json.find(content.vapid_key.substr(40, 20)) == std::string::npos);
  content.subject = "mailto:me@localhost";
  CHECK(examine(content, {}).failure().pointer == "/subject");
  content.vapid_key = "nonsense";
  CHECK(examine(content, {}).failure().pointer == "/vapid_key");
}

TEST_CASE("a certificate without its key, or that nothing opens, is refused by its field") {
  credential_content content;
  content.gateway = gateway::apns;
  content.topic = "com.example.app";
  content.certificate = p256_pem();
  auto refused = examine(content, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == errc::invalid_field);
  CHECK(refused.failure().pointer == "/certificate");
  content.certificate = std::string("\x30\x03\x02\x01\x01", 5);
  CHECK(examine(content, {}).failure().pointer == "/certificate");
}

TEST_CASE("keys of APNs share their provider tokens, other credentials have none") {
  credential_content content;
  content.gateway = gateway::apns;
  content.key = p256_pem();
  content.key_id = "ABC123DEFG";
  content.team_id = "DEF123GHIJ";
  CHECK((*make_provider_tokens(content) != nullptr));
  content.gateway = gateway::hms;
  CHECK((*make_provider_tokens(content) == nullptr));
}
