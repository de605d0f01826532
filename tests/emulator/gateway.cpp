#include "tests/emulator/gateway.hpp"

#include <utility>

#include "tests/emulator/fcm_answers.hpp"
#include "tests/emulator/misbehaviour.hpp"
#include "tests/emulator/statistics_page.hpp"

namespace pusher::emulator {

namespace {

constexpr int64_t us_per_second = 1'000'000;

}  // namespace

gateway::gateway(const options& settings, const identities& known, token_endpoint& tokens, request_log& log,
                 statistics& stats)
    : tokens_(tokens),
      stats_(stats),
      books_(settings, log, stats),
      bodies_(settings.body_file),
      fcm_(settings, tokens, books_),
      apns_(settings, known.apns, books_),
      hms_tokens_(known.hms, settings.token_lifetime_seconds),
      hms_(hms_tokens_, books_),
      webpush_(known.origin, known.webpush, books_),
      legacy_(known.legacy, books_),
      delay_ms_(settings.delay_ms) {}

std::optional<gateway_kind> gateway::gateway_of(const request& asked) {
  bool post = asked.method == "POST";
  if (post && fcm_gateway::takes(asked.path)) return gateway_kind::fcm;
  if (post && hms_gateway::takes(asked.path)) return gateway_kind::hms;
  if (post && webpush_gateway::takes(asked.path)) return gateway_kind::webpush;
  if (post && legacy_gateway::takes(asked.path)) return gateway_kind::legacy;
  if (apns_gateway::takes(asked)) return gateway_kind::apns;
  return std::nullopt;
}

void gateway::handle(request& asked, reply& answer, int64_t now_us) {
  answer.clear();
  if (auto kind = gateway_of(asked)) return push(*kind, asked, answer, now_us);
  ++stats_.other_requests;
  if (asked.path.rfind("/_", 0) == 0) books_.flush_log();
  bool post = asked.method == "POST", get = asked.method == "GET";
  if (post && asked.path == "/token") return tokens_.handle(asked, answer, now_us / us_per_second);
  if (post && asked.path == "/oauth2/v3/token")
    return hms_tokens_.handle(asked, answer, now_us / us_per_second);
  if (post && asked.path == "/_control") return control(asked, answer, now_us);
  if (get && asked.path == "/_stats") return show_statistics(stats_, tokens_, hms_tokens_, answer);
  if (get && asked.path == "/_last") return webpush_.show_last(answer);
  if (is_redirected(asked.path)) ++stats_.redirects_followed;
  word_html_not_found(answer);
}

void gateway::push(gateway_kind kind, request& asked, reply& answer, int64_t now_us) {
  if (!bodies_) return judge(kind, asked, answer, now_us);
  auto body = asked.body;
  judge(kind, asked, answer, now_us);
  bodies_.add(name_of(kind), asked, kind == gateway_kind::webpush ? webpush_.plain() : body,
              answer.shown_status());
}

void gateway::judge(gateway_kind kind, request& asked, reply& answer, int64_t now_us) {
  switch (kind) {
    case gateway_kind::fcm:
      return fcm_.handle(asked, answer, now_us);
    case gateway_kind::apns:
      return apns_.handle(asked, answer, now_us);
    case gateway_kind::hms:
      return hms_.handle(asked, answer, now_us);
    case gateway_kind::webpush:
      return webpush_.handle(asked, answer, now_us);
    case gateway_kind::legacy:
      return legacy_.handle(asked, answer, now_us);
  }
}

void gateway::control(const request& asked, reply& answer, int64_t now_us) {
  auto message = read_control(asked.body);
  if (!message)
    return word_status(400, "Not one of the messages that gateway-emulator --help describes.",
                       "INVALID_ARGUMENT", answer);
  if (message->fail) {
    for (size_t i = 0; i < gateway_count; ++i) {
      auto kind = static_cast<gateway_kind>(i);
      if (message->gateway.value_or(kind) == kind) books_.fail(kind, *message->fail);
    }
  }
  if (message->revoke_tokens) {
    tokens_.revoke_all();
    hms_tokens_.revoke_all();
  }
  if (message->revoke_keys) apns_.revoke_keys(*message->revoke_keys);
  if (!message->revoke_key.empty()) apns_.revoke_key(message->revoke_key);
  if (message->expire_keys) apns_.expire_keys(now_us / us_per_second);
  if (message->hold) holding_ = *message->hold;
  if (message->delay_ms) delay_ms_ = *message->delay_ms;
  orders_ = message->given;
  answer.body = "{}\n";
}

orders gateway::take_orders() {
  return std::exchange(orders_, {});
}

}  // namespace pusher::emulator
