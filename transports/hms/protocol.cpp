#include "transports/hms/protocol.hpp"

#include "transports/device_text.hpp"
#include "transports/hms/payload.hpp"
#include "transports/json_tokens.hpp"

namespace pusher {

namespace {

std::string percent_encoded(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string made;
  for (unsigned char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      made += static_cast<char>(c);
    } else {
      made += '%';
      made += digits[c >> 4];
      made += digits[c & 15];
    }
  }
  return made;
}

token_grant grant_of(const hms_settings& settings) {
  auto form = "grant_type=client_credentials&client_id=" + percent_encoded(settings.app_id) +
              "&client_secret=" + percent_encoded(settings.app_secret);
  return {settings.token_url, [form] { return form; }};
}

std::string path_of(const hms_settings& settings, const origin& where) {
  return where.path +
         (settings.project_id.empty() ? "/v1/" + settings.app_id : "/v2/" + settings.project_id) +
         "/messages:send";
}

}  // namespace

hms_protocol::hms_protocol(const hms_settings& settings, const origin& where, event_loop& loop)
    : authority_(where.authority),
      path_(path_of(settings, where)),
      prefix_(settings.validate_only ? hms_check_prefix : hms_body_prefix),
      tokens_(grant_of(settings), settings.ca_file, [&loop] { loop.wake(); }) {}

uint64_t hms_protocol::credential(steady_time now) {
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

std::optional<verdict> hms_protocol::word(push_request& fresh, utc_ms now) {
  auto& order = *fresh.targets.front().of;
  auto& content = *order.order.content;
  // The time-to-live is in seconds: what was rendered a second ago is out of date.
  if (!order.rendered || now - order.rendered->at >= 1'000) {
    auto suffix = render_hms_suffix(content, now);
    if (!suffix) return refused_content(suffix.failure());
    order.rendered = as_rendered(*std::move(suffix), content, now);
  }
  fresh.rendered = order.rendered;
  fresh.head = head_;
  auto text = text_for_device(fresh, hms_message_bytes, [&](const message& whole) {
    return render_hms_suffix(whole, now, hms_message_bytes);
  });
  if (!text) return refused_content(text.failure());
  auto only = hms_target_of(fresh.targets.front().token());
  if (only.group.empty()) {
    fresh.payload = {prefix_, join_tokens(fresh.targets, fresh.scratch), *text};
    return std::nullopt;
  }
  std::string escaped;
  fresh.scratch = hms_group_prefix(only.group, prefix_ == hms_check_prefix);
  fresh.scratch += escape_token(only.value, escaped);
  fresh.scratch += '"';
  fresh.payload = {std::string_view(), fresh.scratch, text->substr(1)};
  return std::nullopt;
}

bool hms_protocol::stands_alone(std::string_view push_token) const {
  return !hms_target_of(push_token).group.empty();
}

answer_reading hms_protocol::read(const push_request& done) {
  sent_.clear();
  for (auto& each : done.targets)
    sent_.push_back(each.token());
  return read_hms_answer(done.status, done.body, sent_);
}

}  // namespace pusher
