#include "transports/fcm/protocol.hpp"

#include "model/limits.hpp"
#include "transports/device_text.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/json_tokens.hpp"
#include "transports/service_account.hpp"

namespace pusher {

namespace {

result<std::string> assertion_form(const service_account& account) {
  auto assertion = make_assertion(account, now_ms());
  if (!assertion) return std::move(assertion).failure();
  // Base64url and the grant's name need no escape but for their colons.
  return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + *assertion;
}

}  // namespace

fcm_protocol::fcm_protocol(const service_account& account, const origin& where, const fcm_settings& settings,
                           event_loop& loop)
    : authority_(where.authority),
      path_(where.path + "/v1/projects/" + account.project_id + "/messages:send"),
      tokens_({account.token_uri, [account] { return assertion_form(account); }}, settings.ca_file,
              [&loop] { loop.wake(); }) {
  for (const char* field : {"token", "fid", "topic", "condition"})
    prefixes_[field] = fcm_body_prefix(field, settings.validate_only);
}

uint64_t fcm_protocol::credential(steady_time now) {
  auto current = tokens_.token();
  if (current != token_) {
    token_ = std::move(current);
    head_ = std::make_shared<h2::request_head>(h2::request_head{{":method", "POST"},
                                                                {":scheme", "https"},
                                                                {":authority", authority_},
                                                                {":path", path_},
                                                                {"authorization", "Bearer " + token_->value},
                                                                {"content-type", "application/json"},
                                                                {"user-agent", "pusher"}});
  }
  return token_ && token_->expires > now ? token_->generation : 0;
}

std::optional<verdict> fcm_protocol::word(push_request& fresh, utc_ms now) {
  auto& order = *fresh.targets.front().of;
  auto& content = *order.order.content;
  // The time-to-live is in seconds: what was rendered a second ago is out of date.
  if (!order.rendered || now - order.rendered->at >= 1'000) {
    auto suffix = render_fcm_suffix(content, now);
    if (!suffix) return refused_content(suffix.failure());
    order.rendered = as_rendered(*std::move(suffix), content, now);
  }
  fresh.rendered = order.rendered;
  fresh.head = head_;
  auto target = fcm_target_of(fresh.targets.front().token());
  auto most = most_fcm_bytes(target);
  auto render = [&](const message& whole) { return render_fcm_suffix(whole, now, most); };
  auto text = text_for_device(fresh, most, render);
  // Whether devices are topics is not known when a notification comes in.
  if (content.blanks.empty() && most < limits::fcm_message_bytes && text->size() > most) {
    auto made = shortened_to_fit(content, render);
    if (!made) return refused_content(made.failure());
    fresh.filled = *std::move(made);
    text = std::string_view(fresh.filled);
  }
  if (!text) return refused_content(text.failure());
  fresh.payload = {prefixes_.find(target.field)->second, escape_token(target.value, fresh.scratch), *text};
  return std::nullopt;
}

}  // namespace pusher
