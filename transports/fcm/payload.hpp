// The body of an FCM request: rendered once per content, completed per device by its token.
#pragma once

#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

/// What a push token names, for FCM: a registration token, or, by its beginning, something else: `fid:` a
/// Firebase Installation ID, which takes the token's place in newer apps; `topic:` a topic's name;
/// `condition:` a condition over topics. A topic is registered as if it were a device; FCM allows it 2,048
/// bytes.
struct fcm_target {
  std::string_view field;  ///< of the message
  std::string_view value;
};
fcm_target fcm_target_of(std::string_view push_token);

/// What stands before the target's value in every request, from the opening brace on.
std::string fcm_body_prefix(std::string_view field, bool validate_only);

/// What stands after the token, from its closing quote on. The time-to-live is what is left at `now`, in
/// whole seconds. How content maps to FCM's fields:
///
///   title, body, image_url  notification.{title,body,image}
///   icon_url                webpush.notification.icon; Android's icons are resources of the app, by name
///   deep_link               data.deep_link, unless the client set that key; and, when it is https (FCM takes
///   no
///                           other), webpush.fcm_options.link. It is no click_action: that names an Android
///                           intent, and one that no activity declares makes the tap do nothing
///   sound                   android.notification.sound, apns.payload.aps.sound
///   badge                   android.notification.notification_count, apns.payload.aps.badge
///   data                    data, as given
///   collapse_key            android.collapse_key, android.notification.tag, apns-collapse-id; webpush's
///   Topic when it has the form expires_at              android.ttl, apns-expiration, webpush's TTL
///
/// Without anything to show, apns asks for a background push with priority 5, the only one that Apple allows.
/// The overrides are merged over all that as RFC 7396 says: a null removes. Errors: corrupt_data, when an
/// override is not a JSON object.
result<std::string> render_fcm_suffix(const message& content, utc_ms now);
/// The same for what may have `most` bytes on each platform. Errors: payload_too_large.
result<std::string> render_fcm_suffix(const message& content, utc_ms now, size_t most);

/// How many bytes FCM lets a message have for such a target.
size_t most_fcm_bytes(const fcm_target& target);

/// The bytes that FCM's limit is about: of what reaches one platform, for the one that it is most for.
result<size_t> fcm_message_size(const message& content, utc_ms now);

/// Whether FCM will take such a message from any device's side: its size for each platform, no reserved key
/// in data. Errors: payload_too_large; invalid_field with a pointer such as `/content/data/from`.
result<void> check_fcm_message(const message& content);

}  // namespace pusher
