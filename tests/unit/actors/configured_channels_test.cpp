#include <doctest/doctest.h>

#include "actors/configured_channels.hpp"
#include "conf/load.hpp"

using namespace pusher;

namespace {

std::vector<role_entry> roles_of(const std::string& text) {
  auto roles = parse_roles(text);
  REQUIRE(roles.ok());
  return *roles;
}

settings fcm_and_web_push() {
  settings config;
  config.fcm_legacy.server_key = "key";
  config.webpush.vapid_key_file = "vapid.pem";
  return config;
}

}  // namespace

TEST_CASE("a node says what its senders reach, and nothing without any") {
  auto config = fcm_and_web_push();
  CHECK(served_channels(config, roles_of("api,fan-out")).empty());
  CHECK(served_channels(config, roles_of("push-sender")) == channel_set{channel::fcm, channel::webpush});
  CHECK(served_channels(config, roles_of("push-sender:apns+fcm,api")) == channel_set{channel::fcm});
  CHECK(served_channels(config, roles_of("push-sender:apns,push-sender:webpush=2")) ==
        channel_set{channel::webpush});
}

TEST_CASE("what several nodes say counts together, until one is not heard for too long") {
  constexpr utc_ms said = 1'000'000;
  channel_set fcm{channel::fcm}, apple{channel::apns, channel::apns_sandbox};
  std::vector<std::pair<std::string, std::string>> all{
      {"n1", to_text(fcm, said)}, {"n2", to_text(apple, said + 5000)}, {"n3", to_text({}, said)}};
  auto found = judge_configured(all, said + 1);
  CHECK(found.channels == channel_set{channel::fcm, channel::apns, channel::apns_sandbox});
  CHECK(found.outdated.empty());
  found = judge_configured(all, said + configured_for_ms + 1);
  CHECK(found.channels == apple);
  CHECK(found.outdated == std::vector<std::string>{"n1", "n3"});
}

TEST_CASE("channels of a newer version and texts that cannot be read do no harm") {
  auto found = judge_configured({{"n1", "7 fcm telepathy"}, {"n2", "soon fcm"}, {"n3", ""}}, 8);
  CHECK(found.channels == channel_set{channel::fcm});
  CHECK(found.outdated == std::vector<std::string>{"n2", "n3"});
}
