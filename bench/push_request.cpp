#include "bench/push_request.hpp"

#include <poll.h>

#include "bench/measure.hpp"
#include "conf/secret_file.hpp"
#include "model/json.hpp"
#include "transports/apns/protocol.hpp"
#include "transports/apns/transport.hpp"
#include "transports/base64url.hpp"
#include "transports/event_loop.hpp"
#include "transports/fcm/protocol.hpp"
#include "transports/webpush/encryption.hpp"
#include "transports/webpush/payload.hpp"
#include "transports/webpush/protocol.hpp"

namespace pusher::bench {

namespace {

constexpr int longest_wait_ms = 10'000;

using protocol_ptr = std::unique_ptr<gateway_protocol>;

protocol_ptr make_protocol(const emulated& gateway, shared_values& tokens, event_loop& loop) {
  const auto& config = gateway.config;
  if (gateway.channel == channel::fcm)
    return std::make_unique<fcm_protocol>(must(load_service_account(config.fcm.service_account_file)),
                                          must(parse_origin(config.fcm.base_url)), config.fcm, loop);
  if (gateway.channel == channel::apns) {
    auto keeper = must(make_provider_tokens(config.apns));
    must(keeper->synchronize(tokens, now_ms() / 1000));
    return std::make_unique<apns_protocol>(must(parse_origin(config.apns.base_url)).authority,
                                           config.apns.topic, keeper, false);
  }
  auto key = must(read_secret("webpush.vapid_key_file", config.webpush.vapid_key_file));
  return std::make_unique<web_push_protocol>(must(ec_key::parse(key)), config.webpush.subject,
                                             must(parse_origin(gateway.web_push_url)));
}

push_order order_of_one(const emulated& gateway) {
  push_order made;
  made.content = campaign_message(gateway.channel);
  made.targets = {gateway.target(0)};
  made.numbers = {0};
  if (gateway.channel != channel::webpush) return made;
  auto said = must(render_web_push(*made.content, now_ms()));
  web_push_encryptor encryptor;
  must(encryptor.encrypt(must(subscription_keys::parse(gateway.subscription_keys)), said.text,
                         made.bodies.emplace_back()));
  return made;
}

std::string to_json(const push_request& request) {
  rapidjson::Document out(rapidjson::kObjectType);
  auto& memory = out.GetAllocator();
  rapidjson::Value headers(rapidjson::kArrayType);
  auto add = [&](const std::string& name, const std::string& value) {
    rapidjson::Value pair(rapidjson::kArrayType);
    pair.PushBack(rapidjson::Value(name.c_str(), memory), memory);
    pair.PushBack(rapidjson::Value(value.c_str(), memory), memory);
    headers.PushBack(pair, memory);
  };
  for (const auto& field : *request.head)
    add(field.name, field.value);
  if (!request.path.empty()) add(":path", request.path);
  for (const auto& field : request.own)
    add(field.name, field.value);
  std::string body;
  for (auto piece : request.payload)
    body += piece;
  out.AddMember("headers", headers, memory);
  out.AddMember("body", rapidjson::Value(to_base64url(body).c_str(), memory), memory);
  return json::to_text(out);
}

}  // namespace

std::string push_request_json(const emulated& gateway, shared_values& tokens) {
  auto loop = must(event_loop::make());
  auto protocol = make_protocol(gateway, tokens, *loop);
  push_request request;
  for (int waits = 0; (request.generation = protocol->credential(std::chrono::steady_clock::now())) == 0;) {
    if (++waits == longest_wait_ms / 10) give_up({errc::internal, protocol->credential_trouble(), "", 0});
    poll(nullptr, 0, 10);  // an access token is on its way
  }
  auto open = std::make_shared<open_order>();
  open->order = order_of_one(gateway);
  request.targets.push_back({open, 0, false});
  if (protocol->word(request, now_ms())) give_up({errc::internal, "the push cannot be worded", "", 0});
  return to_json(request);
}

}  // namespace pusher::bench
