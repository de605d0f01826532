#include "transports/webpush/protocol.hpp"

#include "transports/device_text.hpp"
#include "transports/webpush/payload.hpp"
#include "transports/webpush/vapid.hpp"

namespace pusher {

namespace {

using h2::indexing;

/// Renewed when an hour is left.
constexpr auto signature_use = std::chrono::seconds(vapid_lifetime_seconds - 3600);
constexpr auto refusal_interval = std::chrono::seconds(10);

}  // namespace

web_push_protocol::web_push_protocol(ec_key key, std::string subject, const origin& where)
    : key_(std::move(key)), subject_(std::move(subject)), authority_(where.authority) {}

uint64_t web_push_protocol::credential(steady_time now) {
  bool due = generation_ == 0 || now >= signed_at_ + signature_use ||
             (refused_ && (generation_ == 1 || now >= signed_at_ + refusal_interval));
  if (!due) return generation_;
  auto made = vapid_authorization(key_, "https://" + authority_, subject_, now_ms() / 1000);
  if (!made) {
    trouble_ = made.failure().detail;
    return generation_;
  }
  trouble_.clear();
  authorization_ = *std::move(made);
  signed_at_ = now;
  refused_ = false;
  return ++generation_;
}

void web_push_protocol::credential_refused(uint64_t generation) {
  if (generation == generation_) refused_ = true;
}

std::optional<verdict> web_push_protocol::word(push_request& fresh, utc_ms now) {
  auto& target = fresh.targets.front();
  auto& order = *target.of;
  // The time-to-live is in seconds: what was rendered a second ago is out of date.
  if (!order.rendered || order.rendered->generation != generation_ || now - order.rendered->at >= 1'000) {
    auto said = render_web_push(*order.order.content, now);
    if (!said) return refused_content(said.failure());
    h2::request_head head{{":method", "POST"},
                          {":scheme", "https"},
                          {":authority", authority_},
                          {"authorization", authorization_},
                          {"content-encoding", "aes128gcm"},
                          {"content-type", "application/octet-stream"},
                          {"ttl", std::to_string(said->ttl_seconds), indexing::first_time}};
    if (!said->urgency.empty()) head.push_back({"urgency", said->urgency});
    if (!said->topic.empty()) head.push_back({"topic", said->topic, indexing::first_time});
    head.push_back({"user-agent", "pusher"});
    auto made = std::make_shared<rendered_content>();
    made->head = std::make_shared<const h2::request_head>(std::move(head));
    made->generation = generation_;
    made->at = now;
    order.rendered = std::move(made);
  }
  fresh.rendered = order.rendered;
  fresh.head = order.rendered->head;
  auto& token = target.token();
  auto path = token.find_first_of("/?", std::string_view("https://").size());
  fresh.path = path == std::string::npos ? "/" : token.substr(path);
  if (fresh.path.front() == '?') fresh.path.insert(0, "/");
  fresh.payload = {order.order.bodies[target.index], {}, {}};
  return std::nullopt;
}

answer_reading web_push_protocol::read(const push_request& done) {
  auto reading = read_web_push_answer(done.status, done.body);
  reading.message_id = done.message_id;
  return reading;
}

}  // namespace pusher
