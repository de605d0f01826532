// The body of an FCM request: rendered once per content, completed per device by its token.
#pragma once

#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

/// What stands before the token in every request, or before a Firebase Installation ID, which takes its place
/// in newer apps. A push token that begins with `fid:` is such an id.
inline constexpr std::string_view fcm_body_prefix = R"({"message":{"token":")";
inline constexpr std::string_view fcm_fid_prefix = R"({"message":{"fid":")";
inline constexpr std::string_view fcm_fid_mark = "fid:";

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

/// Whether FCM will take such a message from any device's side: its size for each platform, no reserved key
/// in data. Errors: payload_too_large; invalid_field with a pointer such as `/content/data/from`.
result<void> check_fcm_message(const message& content);

}  // namespace pusher
