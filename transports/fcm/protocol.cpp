#include "transports/fcm/protocol.hpp"

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

fcm_protocol::fcm_protocol(const service_account& account, const origin& where, const std::string& ca_file,
                           event_loop& loop)
    : authority_(where.authority),
      path_(where.path + "/v1/projects/" + account.project_id + "/messages:send"),
      tokens_({account.token_uri, [account] { return assertion_form(account); }}, ca_file,
              [&loop] { loop.wake(); }) {}

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
  // The time-to-live is in seconds: what was rendered a second ago is out of date.
  if (!order.rendered || now - order.rendered->at >= 1'000) {
    auto suffix = render_fcm_suffix(*order.order.content, now);
    if (!suffix) return refused_content();
    order.rendered =
        std::make_shared<const rendered_content>(rendered_content{*std::move(suffix), nullptr, 0, now});
  }
  fresh.rendered = order.rendered;
  fresh.head = head_;
  std::string_view token = fresh.targets.front().token();
  bool fid = token.substr(0, fcm_fid_mark.size()) == fcm_fid_mark;
  if (fid) token.remove_prefix(fcm_fid_mark.size());
  fresh.payload = {fid ? fcm_fid_prefix : fcm_body_prefix, escape_token(token, fresh.scratch),
                   fresh.rendered->text};
  return std::nullopt;
}

}  // namespace pusher
