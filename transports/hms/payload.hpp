// The body of an HMS request: rendered once per content, completed by the tokens that it is for.
#pragma once

#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

/// What stands before the tokens, each in quotes and with commas between, in every request.
inline constexpr std::string_view hms_body_prefix = R"({"validate_only":false,"message":{"token":[)";
inline constexpr std::string_view hms_check_prefix = R"({"validate_only":true,"message":{"token":[)";

/// What a push token names, for Huawei: a token, or, by its beginning, `topic:` a topic's name or
/// `condition:` a condition over topics, which is registered as if it were a device and takes a request of
/// its own.
struct hms_target {
  std::string_view group;  ///< `topic` or `condition`; empty = a token
  std::string_view value;
};
hms_target hms_target_of(std::string_view push_token);
/// What stands before a group's value, which ends with a quote; behind it comes the suffix without its
/// bracket.
std::string hms_group_prefix(std::string_view group, bool validate_only);

/// What stands behind them, from the closing bracket on. How content maps to Huawei's fields:
///
///   title, body, image_url  notification.{title,body,image}, and so in android.notification
///   deep_link               android.notification.click_action: an https link opens as a URL, another one by
///                           its intent; without any, the tap opens the app
///   sound                   android.notification.sound
///   badge                   android.notification.badge.set_num
///   data, deep_link         data: one JSON text, as Huawei wants it
///   collapse_key            android.collapse_key, when it is a number from -1 to 100, as Huawei wants it
///   expires_at              android.ttl, at most 15 days
///
/// The override is merged over that as RFC 7396 says. Errors: corrupt_data when it is not a JSON object.
result<std::string> render_hms_suffix(const message& content, utc_ms now);
/// The same for what may have `most` bytes. Errors: payload_too_large.
result<std::string> render_hms_suffix(const message& content, utc_ms now, size_t most);

inline constexpr size_t hms_message_bytes = 4096;  // without the tokens
/// The bytes that Huawei's limit is about.
result<size_t> hms_message_size(const message& content, utc_ms now);

/// Whether Push Kit will take such a message. Errors: invalid_field, payload_too_large.
result<void> check_hms_message(const message& content);

}  // namespace pusher
