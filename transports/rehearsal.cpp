#include "transports/rehearsal.hpp"

#include "model/limits.hpp"
#include "transports/apns/payload.hpp"
#include "transports/device_text.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/hms/payload.hpp"
#include "transports/webpush/encryption.hpp"
#include "transports/webpush/payload.hpp"

namespace pusher {

namespace {

/// The object that a suffix is the rest of: `begin` of its bytes stand before its first member.
std::string object_of(const std::string& suffix, size_t begin, size_t end) {
  return "{" + suffix.substr(begin, suffix.size() - begin - end);
}

result<rehearsed_push> rehearse_fcm(const message& whole, utc_ms now, size_t most) {
  auto suffix = render_fcm_suffix(whole, now, most);
  if (!suffix) return std::move(suffix).failure();
  auto size = fcm_message_size(whole, now);
  if (!size) return std::move(size).failure();
  return rehearsed_push{object_of(*suffix, 2, 1), *size, most, false};
}

result<rehearsed_push> rehearse_legacy_fcm(const message& whole, utc_ms now) {
  auto suffix = render_fcm_legacy_suffix(whole, now, limits::fcm_message_bytes);
  if (!suffix) return std::move(suffix).failure();
  return rehearsed_push{object_of(*suffix, 2, 0), suffix->size(), limits::fcm_message_bytes, false};
}

result<rehearsed_push> rehearse_apns(const message& whole) {
  auto request = render_apns(whole);
  if (!request) return std::move(request).failure();
  auto bytes = request->body.size();
  return rehearsed_push{std::move(request->body), bytes, request->type->payload_bytes, false};
}

result<rehearsed_push> rehearse_web_push(const message& whole, utc_ms now) {
  auto said = render_web_push(whole, now);
  if (!said) return std::move(said).failure();
  auto bytes = said->text.size();
  return rehearsed_push{std::move(said->text), bytes, web_push_plaintext_bytes, false};
}

result<rehearsed_push> rehearse_hms(const message& whole, utc_ms now) {
  auto suffix = render_hms_suffix(whole, now, hms_message_bytes);
  if (!suffix) return std::move(suffix).failure();
  auto size = hms_message_size(whole, now);
  if (!size) return std::move(size).failure();
  return rehearsed_push{object_of(*suffix, 2, 1), *size, hms_message_bytes, false};
}

result<rehearsed_push> rehearse_whole(const push_form& form, const message& whole, utc_ms now) {
  switch (form.gateway) {
    case gateway::fcm:
      if (form.legacy_fcm) return rehearse_legacy_fcm(whole, now);
      return rehearse_fcm(whole, now, form.topic ? limits::fcm_topic_message_bytes : limits::fcm_message_bytes);
    case gateway::apns:
      return rehearse_apns(whole);
    case gateway::webpush:
      return rehearse_web_push(whole, now);
    case gateway::hms:
      return rehearse_hms(whole, now);
  }
  return error{errc::internal, "There is no such gateway", "", 0};
}

}  // namespace

result<rehearsed_push> rehearse_push(const push_form& form, const message& whole, utc_ms now) {
  auto render = [&](const message& content) { return rehearse_whole(form, content, now); };
  auto made = render(whole);
  if (made || made.failure().code != errc::payload_too_large) return made;
  made = shortened_to_fit(whole, render);
  if (made) made->shortened = true;
  return made;
}

}  // namespace pusher
