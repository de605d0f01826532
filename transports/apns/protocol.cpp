#include "transports/apns/protocol.hpp"

#include <algorithm>

#include "transports/apns/payload.hpp"
#include "transports/device_text.hpp"
#include "transports/push_id.hpp"

namespace pusher {

namespace {

using h2::indexing;

constexpr std::string_view path_prefix = "/3/device/";
constexpr uint64_t certificate_generation = 1;

/// Whether the token can stand in a path as it is; whether it is one is for APNs to say.
bool is_path_segment(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

}  // namespace

apns_protocol::apns_protocol(std::string authority, std::string topic,
                             std::shared_ptr<provider_token_keeper> tokens, bool has_other_environment)
    : authority_(std::move(authority)),
      topic_(std::move(topic)),
      tokens_(std::move(tokens)),
      has_other_environment_(has_other_environment) {}

uint64_t apns_protocol::credential(steady_time) {
  if (!tokens_) return certificate_generation;
  token_ = tokens_->token();
  return token_ && provider_token_keeper::usable(*token_, now_ms() / 1000) ? token_->generation : 0;
}

void apns_protocol::credential_refused(uint64_t generation) {
  if (tokens_) tokens_->refused(generation);
}

std::string apns_protocol::credential_trouble() const {
  if (!tokens_) return {};
  auto token = tokens_->token();
  if (!token) return "there is no provider token yet: it comes with the journal's first answer";
  if (!provider_token_keeper::usable(*token, now_ms() / 1000))
    return "the provider token is too old, and no other could be made: does the journal answer?";
  return {};
}

std::optional<token_life> apns_protocol::token(steady_time now) const {
  auto current = tokens_ ? tokens_->token() : nullptr;
  if (!current) return std::nullopt;
  auto born = now - std::chrono::seconds(now_ms() / 1000 - current->issued_at);
  return token_life{born, born + std::chrono::seconds(provider_token_keeper::longest_use)};
}

std::optional<verdict> apns_protocol::word(push_request& fresh, utc_ms now) {
  auto& target = fresh.targets.front();
  if (!is_path_segment(target.token())) return refused_content("MALFORMED_TOKEN");
  auto& rendered = target.of->rendered;
  if (!rendered || rendered->generation != fresh.generation) {
    auto made = render(*target.of->order.content, now);
    if (!made) return refused_content(made.failure());
    rendered = *std::move(made);
  }
  fresh.rendered = rendered;
  fresh.head = rendered->head;
  fresh.path.assign(path_prefix);
  fresh.path += target.token();
  fresh.own.resize(1);
  auto id = rendered->id.empty() ? push_id(fresh.content().key, target.target().device) : rendered->id;
  fresh.own[0] = {"apns-id", std::move(id), indexing::first_time};
  auto text = text_for_device(fresh, rendered->most_bytes, [](const message& whole) -> result<std::string> {
    auto request = render_apns(whole);
    if (!request) return std::move(request).failure();
    return std::move(request->body);
  });
  if (!text) return refused_content(text.failure());
  fresh.payload = {*text, {}, {}};
  return std::nullopt;
}

result<std::shared_ptr<const rendered_content>> apns_protocol::render(const message& content,
                                                                      utc_ms now) const {
  auto request = render_apns(content);
  if (!request) return std::move(request).failure();
  auto topic = !request->topic.empty() ? request->topic : topic_ + std::string(request->type->topic_suffix);
  h2::request_head head{{":method", "POST"}, {":scheme", "https"}, {":authority", authority_}};
  // How each field may be indexed is Apple's rule ("Sending notification requests to APNs").
  if (tokens_) head.push_back({"authorization", "bearer " + token_->value, indexing::never});
  head.push_back({"apns-topic", topic});
  head.push_back({"apns-push-type", std::string(request->type->name)});
  head.push_back({"apns-priority", request->priority});
  head.push_back({"apns-expiration", request->expiration, indexing::first_time});
  if (!request->collapse_id.empty())
    head.push_back({"apns-collapse-id", request->collapse_id, indexing::first_time});
  head.push_back({"user-agent", "pusher"});
  auto made = as_rendered(std::move(request->body), content, now);
  made->id = std::move(request->id);
  made->head = std::make_shared<const h2::request_head>(std::move(head));
  made->generation = tokens_ ? token_->generation : certificate_generation;
  made->most_bytes = request->type->payload_bytes;
  return std::shared_ptr<const rendered_content>(std::move(made));
}

answer_reading apns_protocol::read(const push_request& done) {
  // Whoever overrides the topic answers for it: one notification's mistake must not pause the credential.
  auto own_topic = std::any_of(done.head->begin(), done.head->end(), [this](auto& field) {
    return field.name == "apns-topic" && field.value.compare(0, topic_.size(), topic_) != 0;
  });
  auto reading = read_apns_answer(done.status, done.body, own_topic);
  reading.message_id = done.message_id;
  return reading;
}

}  // namespace pusher
