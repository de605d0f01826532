#include "transports/credential_check.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "emulated_gateway.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

constexpr auto patience = std::chrono::seconds(10);

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The store of a cluster of one.
class memory final : public shared_values {
 public:
  result<std::optional<std::string>> load(const std::string& name) override {
    auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  result<bool> replace(const std::string& name, const std::optional<std::string>&,
                       const std::string& value) override {
    values_[name] = value;
    return true;
  }

 private:
  std::map<std::string, std::string> values_;
};

struct fixture {
  emulated_gateway gateway;
  settings config;
  memory store;

  fixture() {
    config.fcm = gateway.settings();
    config.fcm.service_account_file.clear();
    config.apns.base_url = gateway.fact("apns_base_url");
    config.apns.sandbox_base_url = gateway.fact("apns_sandbox_base_url");
    config.hms.base_url = gateway.fact("hms_base_url");
    config.hms.token_url = gateway.fact("hms_token_url");
    config.apns.ca_file = config.hms.ca_file = gateway.fact("ca_file");
  }

  credential_content fcm() {
    credential_content made;
    made.gateway = gateway::fcm;
    made.service_account = text_of(gateway.fact("service_account_file"));
    return made;
  }
  credential_content apns() {
    credential_content made;
    made.gateway = gateway::apns;
    made.key = text_of(gateway.fact("apns_key_file"));
    made.key_id = gateway.fact("apns_key_id");
    made.team_id = gateway.fact("apns_team_id");
    made.topic = gateway.fact("apns_topic");
    return made;
  }
  credential_content hms() {
    credential_content made;
    made.gateway = gateway::hms;
    made.app_id = gateway.fact("hms_app_id");
    made.app_secret = text_of(gateway.fact("hms_app_secret_file"));
    return made;
  }

  result<void> check(const credential_content& content, channel which,
                     std::chrono::milliseconds most = patience) {
    auto tokens = make_provider_tokens(content);
    REQUIRE(tokens);
    if (*tokens) REQUIRE((*tokens)->synchronize(store, now_ms() / 1000));
    return check_credential(content, which, config, *tokens, most);
  }
  std::string refusal(const credential_content& content, channel which) {
    auto checked = check(content, which);
    REQUIRE_FALSE(checked);
    CHECK(checked.failure().code == errc::credential_refused);
    return checked.failure().detail;
  }
};

bool has(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "every gateway takes a good credential, and nobody gets a push by that") {
  CHECK(examine(fcm(), config).ok());
  CHECK(check(fcm(), channel::fcm).ok());
  CHECK(check(apns(), channel::apns).ok());
  CHECK(check(apns(), channel::apns_sandbox).ok());
  CHECK(check(hms(), channel::hms).ok());
  credential_content browsers;
  browsers.gateway = gateway::webpush;
  CHECK(check(browsers, channel::webpush).ok());
  CHECK(gateway.accepted().empty());
}

TEST_CASE_FIXTURE(fixture, "a certificate is as good as a key, from PEM and from PKCS #12") {
  for (const char* file : {"apns_certificate_file", "apns_certificate_p12"}) {
    credential_content content;
    content.gateway = gateway::apns;
    content.topic = gateway.fact("apns_topic");
    content.certificate = text_of(gateway.fact(file));
    if (content.certificate.find("-----BEGIN") == std::string::npos) content.certificate_password = "pusher";
    auto facts = examine(content, config);
    REQUIRE_MESSAGE(facts.ok(), std::string(file));
    CHECK(facts->expires_at > now_ms());
    CHECK_MESSAGE(check(content, channel::apns).ok(), std::string(file));
  }
}

TEST_CASE_FIXTURE(fixture, "what a gateway refuses is told with its own word") {
  auto account = fcm();
  auto second = text_of(gateway.fact("second_service_account_file"));
  // The first account's ids with the second one's key.
  auto key_of = [](const std::string& json) {
    auto at = json.find("\"private_key\": \"");
    return std::pair(at, json.find('"', at + 16) - at);
  };
  auto [at, size] = key_of(account.service_account);
  auto [from, length] = key_of(second);
  account.service_account.replace(at, size, second.substr(from, length));
  CHECK(has(refusal(account, channel::fcm), "invalid_grant"));

  auto stranger = apns();
  stranger.key = *ec_key::generate()->to_pem();
  CHECK(has(refusal(stranger, channel::apns), "InvalidProviderToken"));
  auto other_app = apns();
  other_app.topic = "com.example.another";
  CHECK(has(refusal(other_app, channel::apns), "BadTopic"));

  auto secret = hms();
  secret.app_secret = "wrong";
  CHECK(has(refusal(secret, channel::hms), "1101"));
  auto project = hms();
  project.project_id = "999";
  CHECK(has(refusal(project, channel::hms), "80300002"));
}

TEST_CASE_FIXTURE(fixture, "a key that claims another's ids does not take the place of its provider token") {
  REQUIRE(check(apns(), channel::apns).ok());
  auto stranger = apns();
  stranger.key = *ec_key::generate()->to_pem();
  CHECK_FALSE(check(stranger, channel::apns).ok());
  // APNs would refuse a second token within 20 minutes: the first one is still there.
  CHECK(check(apns(), channel::apns).ok());
}

TEST_CASE_FIXTURE(fixture, "a gateway that does not answer says nothing about the credential") {
  gateway.control(R"({"fail":"503"})");
  CHECK(check(fcm(), channel::fcm).failure().code == errc::gateway_unavailable);
  gateway.control(R"({"fail":"hang"})");
  CHECK(check(apns(), channel::apns, std::chrono::milliseconds(300)).failure().code ==
        errc::gateway_unavailable);
  gateway.stop();
  CHECK(check(hms(), channel::hms, std::chrono::milliseconds(300)).failure().code ==
        errc::gateway_unavailable);
}

TEST_CASE_FIXTURE(fixture, "access tokens are fetched from Google or from where FCM is, and nowhere else") {
  auto account = fcm();
  auto with_uri = [&](const std::string& uri) {
    auto changed = account;
    auto at = changed.service_account.find("\"token_uri\": \"") + 14;
    changed.service_account.replace(at, changed.service_account.find('"', at) - at, uri);
    return examine(changed, config);
  };
  CHECK(with_uri("https://oauth2.googleapis.com/token").ok());
  for (const char* other : {"https://169.254.169.254/token", "https://oauth2.googleapis.com:8443/token",
                            "http://127.0.0.1:1/token", "https://oauth2.googleapis.com.example.net/token",
                            "https://googleapis.com@10.0.0.1/token", "https://127.0.0.1:1/token"}) {
    auto made = with_uri(other);
    REQUIRE_MESSAGE(!made.ok(), std::string(other));
    CHECK_MESSAGE(made.failure().pointer.rfind("/service_account", 0) == 0, std::string(other));
  }
}
