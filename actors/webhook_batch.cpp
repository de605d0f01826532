#include "actors/webhook_batch.hpp"

#include "actors/api_cursor.hpp"
#include "http/codec_results.hpp"
#include "model/device.hpp"
#include "model/hex.hpp"
#include "transports/webhook_signature.hpp"

namespace pusher {

namespace {

constexpr size_t envelope_bytes = 512;  // more than what stands around the events
constexpr size_t id_digits = 32;

}  // namespace

webhook_batch::webhook_batch(std::string webhook_id, const feed_position& after, size_t most_events,
                             size_t most_bytes)
    : webhook_id_(webhook_id),
      names_(std::move(webhook_id)),
      after_(after),
      end_(after),
      most_events_(most_events),
      most_bytes_(most_bytes - envelope_bytes) {}

bool webhook_batch::add(const feed_event& event) {
  http::json_text text;
  http::write_feed_event(text, event);
  auto json = text.take();
  // A single event always goes: it is far smaller than the least that a body may be.
  if (count_ >= most_events_ || (count_ > 0 && events_.size() + 1 + json.size() > most_bytes_)) {
    full_ = true;
    return false;
  }
  events_.append(count_ == 0 ? "" : ",").append(json);
  names_.append(" ").append(event.id()).append("@").append(std::to_string(event.behind.at));
  ++count_;
  end_ = event.behind;
  last_at_ = event.at;
  full_ = count_ >= most_events_;
  return true;
}

std::string webhook_batch::message_id() const {
  return "msg_" + to_hex(sha256(names_)).substr(0, id_digits);
}

std::string webhook_batch::body() const {
  http::json_text out;
  out.open();
  out.field("type", "events");
  out.time("timestamp", last_at_);
  out.field("webhook_id", webhook_id_);
  out.field("after", to_cursor(after_.row, after_.at, after_.offset));
  out.field("cursor", to_cursor(end_.row, end_.at, end_.offset));
  out.raw("events", "[" + events_ + "]");
  out.close();
  return out.take();
}

std::string webhook_ping(const std::string& webhook_id, utc_ms at) {
  http::json_text out;
  out.open();
  out.field("type", "ping");
  out.time("timestamp", at);
  out.field("webhook_id", webhook_id);
  out.close();
  return out.take();
}

result<std::vector<std::string>> webhook_headers(const std::vector<std::string>& secrets,
                                                 const std::string& message_id, int64_t seconds,
                                                 const std::string& body) {
  auto signature = webhook_signature(secrets, message_id, seconds, body);
  if (!signature) return signature.failure();
  return std::vector<std::string>{"content-type: application/json", "webhook-id: " + message_id,
                                  "webhook-timestamp: " + std::to_string(seconds),
                                  "webhook-signature: " + *signature};
}

}  // namespace pusher
