#include "tests/emulator/webpush.hpp"

#include <algorithm>

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/json_text.hpp"
#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr auto self = gateway_kind::webpush;
constexpr int64_t us_per_second = 1'000'000;
constexpr int retry_after_seconds = 1;
constexpr size_t body_limit = 4096;
constexpr size_t topic_limit = 32;
constexpr size_t ttl_limit_digits = 10;
constexpr std::string_view prefix = "/wpush/";

bool is_base64url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view last_segment(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_endpoint(std::string_view path) {
  auto all = path.substr(prefix.size());
  return !last_segment(path).empty() &&
         std::all_of(all.begin(), all.end(), [](char c) { return is_base64url(c) || c == '.' || c == '/'; });
}

bool is_ttl(const std::string* text) {
  return text && !text->empty() && text->size() <= ttl_limit_digits &&
         std::all_of(text->begin(), text->end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_urgency(std::string_view text) {
  return text == "very-low" || text == "low" || text == "normal" || text == "high";
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= topic_limit && std::all_of(text.begin(), text.end(), is_base64url);
}

bool has_good_headers(const request& asked) {
  auto encoding = asked.headers.find("content-encoding");
  auto urgency = asked.headers.find("urgency");
  auto topic = asked.headers.find("topic");
  // The two headers of the draft before RFC 8291 have no place beside aes128gcm.
  return encoding && *encoding == "aes128gcm" && !asked.headers.find("crypto-key") &&
         !asked.headers.find("encryption") && (!urgency || is_urgency(*urgency)) &&
         (!topic || is_topic(*topic));
}

struct wording {
  int status;
  int errno_code;
};

wording wording_of(verdict what) {
  switch (what) {
    case verdict::unregistered:
      return {410, 103};
    case verdict::bad_token:
      return {404, 102};
    case verdict::bad_payload:
      return {400, 101};
    case verdict::sender_mismatch:
      return {403, 109};
    case verdict::third_party_auth:
    case verdict::unauthenticated:
      return {401, 109};
    case verdict::quota_exceeded:
      return {429, 201};
    case verdict::unavailable:
      return {503, 202};
    default:
      return {500, 999};
  }
}

}  // namespace

webpush_gateway::webpush_gateway(std::string origin, const webpush_identity& identity, oracle& books)
    : identity_(identity), books_(books), vapid_(std::move(origin)) {}

bool webpush_gateway::takes(std::string_view path) {
  return path.size() > prefix.size() && path.substr(0, prefix.size()) == prefix;
}

void webpush_gateway::handle(request& asked, reply& answer, int64_t now_us) {
  auto topic = asked.headers.find("topic");
  opened_ = books_.failure_of(self) == verdict::accepted && open_body(asked);
  push_facts push;
  push.target = asked.path;
  push.text = last_segment(asked.path);
  push.correlation = topic ? std::string_view(*topic) : std::string_view();
  push.content = stable_hash(opened_ ? plain_ : asked.body);
  auto code = decide(asked, push, answer, now_us);
  answer.delayed = true;
  books_.count_request(self, asked, answer);
  books_.log(self, push, answer.shown_status(), code, asked, now_us);
}

/// Fills the answer; its word for the log.
std::string_view webpush_gateway::decide(const request& asked, const push_facts& push, reply& answer,
                                         int64_t now_us) {
  if (auto failure = books_.failure_of(self); failure != verdict::accepted)
    return word(failure, asked, answer);
  if (auto no = judge(asked, push.target, answer, now_us); no.status != 0)
    return refuse(no.status, std::to_string(no.errno_code), answer);
  if (books_.over_rate(now_us)) return word(verdict::quota_exceeded, asked, answer);
  auto decided = books_.attempt(self, push);
  if (decided.what == verdict::accepted) books_.count_accepted(self, push);
  return word(decided, asked, answer);
}

webpush_gateway::refusal webpush_gateway::judge(const request& asked, std::string_view endpoint,
                                                reply& answer, int64_t now_us) {
  if (!is_endpoint(asked.path)) return {404, 102};
  if (int status = vapid_.judge(asked.authorization, endpoint, now_us / us_per_second); status != 0)
    return {status, 109};
  answer.credentials_good = true;
  if (!is_ttl(asked.headers.find("ttl"))) return {400, 111};
  if (asked.body_too_large || asked.body.size() > body_limit) return {413, 104};
  if (!has_good_headers(asked)) return {400, 110};
  if (!opened_) return {400, 101};
  note_fresh(*read_encrypted(asked.body));
  keep_last(asked);
  return {};
}

bool webpush_gateway::open_body(const request& asked) {
  plain_.clear();
  auto parts = read_encrypted(asked.body);
  auto plain = parts ? decrypt(*parts, identity_) : std::nullopt;
  if (plain) plain_ = std::move(*plain);
  return plain.has_value();
}

void webpush_gateway::note_fresh(const encrypted_body& body) {
  for (auto each : {body.salt, body.sender})
    if (!seen_.insert(stable_hash(each)).second) ++books_.stats().reused_webpush_keys;
}

void webpush_gateway::keep_last(const request& asked) {
  last_ = "{\"path\":" + quoted(asked.path) + ",\"plaintext_base64url\":" + quoted(base64url(plain_)) +
          ",\"plaintext\":" + quoted(plain_) + ",\"content_type\":" + quoted(asked.content_type) +
          ",\"headers\":{";
  const char* comma = "";
  for (const auto& each : asked.headers) {
    last_ += comma + quoted(each.name) + ":" + quoted(each.value);
    comma = ",";
  }
  last_ += "}}\n";
}

void webpush_gateway::show_last(reply& answer) const {
  answer.status = last_.empty() ? 404 : 200;
  answer.body = last_.empty() ? "{}\n" : last_;
}

std::string_view webpush_gateway::word(const scripted_answer& decided, const request& asked, reply& answer) {
  if (auto code = word_misbehaviour(decided.what, asked.path, answer); !code.empty()) return code;
  if (decided.what == verdict::accepted) {
    answer.status = 201;
    answer.content_type = {};
    answer.location = "/wpush-message/" + std::to_string(++message_count_);
    return {};
  }
  if (decided.what == verdict::said) {
    answer.retry_after_seconds = decided.retry_after_seconds;
    return refuse(decided.status, decided.code, answer);
  }
  auto words = wording_of(decided.what);
  if (words.status == 429 || words.status == 503) answer.retry_after_seconds = retry_after_seconds;
  return refuse(words.status, std::to_string(words.errno_code), answer);
}

/// An errno that is no number, as a token may ask for, is written as a string.
std::string_view webpush_gateway::refuse(int status, std::string_view errno_code, reply& answer) {
  bool number = errno_code.size() < 10 && std::all_of(errno_code.begin(), errno_code.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  code_ = errno_code;
  answer.status = status;
  if (status == 401) answer.www_authenticate = "vapid";
  answer.body = "{\"code\":" + std::to_string(status) + ",\"errno\":" + (number ? code_ : quoted(code_)) +
                ",\"error\":\"refused\"}";
  return code_;
}

}  // namespace pusher::emulator
