#include "bench/gateway_facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "model/hex.hpp"
#include "model/json.hpp"
#include "transports/jwt.hpp"

namespace pusher::bench {

namespace {

error unusable(const std::string& what) {
  return {errc::invalid_configuration, what, "", 0};
}

/// A VAPID key beside ready.json, made by the first who needs it.
result<std::string> vapid_key_file(const std::string& ready_file) {
  auto path = ready_file.substr(0, ready_file.rfind('/') + 1) + "bench-vapid.pem";
  if (access(path.c_str(), R_OK) == 0) return path;
  auto key = ec_key::generate();
  if (!key) return std::move(key).failure();
  auto text = key->to_pem();
  if (!text) return std::move(text).failure();
  std::ofstream(path) << *text;
  chmod(path.c_str(), 0600);
  return path;
}

}  // namespace

result<emulated> emulated_gateway(const std::string& ready_file, const std::string& gateway) {
  std::ifstream file(ready_file);
  std::ostringstream text;
  text << file.rdbuf();
  auto facts = json::parse(text.str());
  if (!facts || !facts->IsObject())
    return unusable(ready_file + " is not the ready.json of a gateway emulator");
  auto fact = [&](const char* name) { return std::string((*facts)[name].GetString()); };
  emulated made;
  auto& to = made.config;
  if (gateway == "fcm") {
    to.fcm = {fact("service_account_file"), fact("base_url"), fact("ca_file"), false, 0, 0};
  } else if (gateway == "apns") {
    made.channel = channel::apns;
    to.apns.key_file = fact("apns_key_file");
    to.apns.key_id = fact("apns_key_id");
    to.apns.team_id = fact("apns_team_id");
    to.apns.topic = fact("apns_topic");
    to.apns.base_url = fact("apns_base_url");
    to.apns.ca_file = fact("ca_file");
  } else if (gateway == "webpush") {
    made.channel = channel::webpush;
    auto key = vapid_key_file(ready_file);
    if (!key) return std::move(key).failure();
    to.webpush = {*key, "mailto:ops@example.com", fact("ca_file"), {}, true};
    made.web_push_url = fact("webpush_base_url") + "/wpush/";
    made.subscription_keys = fact("webpush_p256dh") + "." + fact("webpush_auth");
  } else {
    return unusable("There is no gateway '" + gateway + "' here: fcm, apns, webpush");
  }
  return made;
}

push_target emulated::target(uint64_t number) const {
  auto digits = std::to_string(1'000'000'000 + number);
  push_target made;
  made.device = {number + 1};
  if (channel == channel::apns) {
    made.push_token = to_hex("token-" + digits + std::string(16, 'x'));
  } else if (channel == channel::webpush) {
    made.push_token = web_push_url + digits + std::string(140, 'x');
    made.subscription_keys = subscription_keys;
  } else {
    made.push_token = "token-" + digits + std::string(126, 'x');
  }
  return made;
}

std::shared_ptr<const message> campaign_message(channel to) {
  auto made = std::make_shared<message>();
  made->key = {1};
  made->content.title = "Spring sale";
  made->content.body = "Half the price until Sunday";
  // FCM's body holds the token and an expiry per platform; the others' hold the text alone.
  if (to != channel::fcm) *made->content.body += " and free delivery" + std::string(240, '!');
  made->expires_at = now_ms() + 3'600'000;
  return made;
}

}  // namespace pusher::bench
