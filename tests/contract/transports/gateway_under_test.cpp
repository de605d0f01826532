#include "tests/contract/transports/gateway_under_test.hpp"

#include <fstream>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/secret_file.hpp"
#include "transports/apns/transport.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/fcm/transport.hpp"
#include "transports/hms/transport.hpp"
#include "transports/jwt.hpp"
#include "transports/webpush/transport.hpp"

namespace pusher::testing {

namespace {

/// The store of a cluster of one.
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

std::string hex(const std::string& text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string made;
  for (unsigned char c : text) {
    made += digits[c >> 4];
    made += digits[c & 15];
  }
  return made;
}

push_target plain(const emulated_gateway&, const std::string& text) {
  return {{}, text, 0};
}

result<std::unique_ptr<transport>> make_apns(const emulated_gateway& gateway, const limits_settings& limits,
                                             answer_sink& sink) {
  apns_settings settings;
  settings.key_file = gateway.fact("apns_key_file");
  settings.key_id = gateway.fact("apns_key_id");
  settings.team_id = gateway.fact("apns_team_id");
  settings.topic = gateway.fact("apns_topic");
  settings.base_url = gateway.fact("apns_base_url");
  settings.ca_file = gateway.fact("ca_file");
  auto tokens = make_provider_tokens(settings);
  if (!tokens) return std::move(tokens).failure();
  private_values store;
  if (auto made = (*tokens)->synchronize(store, now_ms() / 1000); !made) return std::move(made).failure();
  return make_apns_transport(settings, environment::production, *tokens, limits, sink);
}

result<std::unique_ptr<transport>> make_hms(const emulated_gateway& gateway, const limits_settings& limits,
                                            answer_sink& sink) {
  hms_settings settings;
  settings.app_id = gateway.fact("hms_app_id");
  settings.app_secret = *read_secret("hms.app_secret_file", gateway.fact("hms_app_secret_file"));
  settings.base_url = gateway.fact("hms_base_url");
  settings.token_url = gateway.fact("hms_token_url");
  settings.ca_file = gateway.fact("ca_file");
  return make_hms_transport(settings, limits, sink);
}

result<std::unique_ptr<transport>> make_legacy(const emulated_gateway& gateway, const limits_settings& limits,
                                               answer_sink& sink) {
  fcm_legacy_settings settings;
  settings.server_key = *read_secret("fcm_legacy.server_key_file", gateway.fact("legacy_server_key_file"));
  settings.base_url = gateway.settings().base_url;
  settings.ca_file = gateway.fact("ca_file");
  return make_fcm_legacy_transport(settings, limits, sink);
}

result<std::unique_ptr<transport>> make_web_push(const emulated_gateway& gateway,
                                                 const limits_settings& limits, answer_sink& sink) {
  webpush_settings settings;
  settings.vapid_key_file = gateway.directory() + "/vapid.pem";
  if (access(settings.vapid_key_file.c_str(), F_OK) != 0) {
    std::ofstream(settings.vapid_key_file) << *ec_key::generate()->to_pem();
    chmod(settings.vapid_key_file.c_str(), 0600);
  }
  settings.subject = "mailto:ops@example.com";
  settings.ca_file = gateway.fact("ca_file");
  settings.allow_private_addresses = true;
  return make_web_push_transport(settings, limits, sink);
}

push_target subscription(const emulated_gateway& gateway, const std::string& text) {
  push_target made{{}, gateway.fact("webpush_base_url") + "/wpush/" + text, 0};
  made.subscription_keys = gateway.fact("webpush_p256dh") + "." + gateway.fact("webpush_auth");
  return made;
}

}  // namespace

const std::vector<gateway_under_test>& every_gateway() {
  static const std::vector<gateway_under_test> all{
      {"fcm",
       [](const emulated_gateway& gateway, const limits_settings& limits, answer_sink& sink) {
         return make_fcm_transport(gateway.settings(), limits, sink);
       },
       plain},
      {"apns", make_apns,
       [](const emulated_gateway&, const std::string& text) {
         return push_target{{}, hex(text), 0};
       }},
      {"hms", make_hms, plain},
      {"legacy", make_legacy, plain},
      {"webpush", make_web_push, subscription},
  };
  return all;
}

bench_of::bench_of(const gateway_under_test& which, std::vector<std::string> flags, limits_settings limits)
    : of(which), gateway(std::move(flags)) {
  auto made = of.make(gateway, limits, sink);
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().detail));
  sender = *std::move(made);
  sink.record_for(*sender);
}

push_order bench_of::order(uint64_t id, const std::vector<std::string>& texts, lane urgency) const {
  push_order made;
  made.id = id;
  made.content = some_message();
  made.urgency = urgency;
  for (auto& text : texts) {
    made.numbers.push_back(static_cast<uint32_t>(made.numbers.size() + 100));
    made.targets.push_back(of.target(gateway, text));
    made.targets.back().device = {id * 100'000 + made.numbers.back()};
  }
  return made;
}

void bench_of::submit_many() {
  for (uint64_t id = 1; id <= 4; ++id)
    submit(id, tokens(500, "order-" + std::to_string(id) + "-"));
}

bool bench_of::each_accepted_at_most_once() const {
  for (auto& each : gateway.accepted())
    if (each.second > 1) return false;
  return true;
}

size_t bench_of::arrivals_accepted() const {
  size_t sum = 0;
  for (auto& each : gateway.accepted())
    sum += static_cast<size_t>(each.second);
  return sum;
}

}  // namespace pusher::testing
