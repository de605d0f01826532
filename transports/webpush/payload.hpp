// What a Web Push message says: a JSON text for the app's service worker, and three header fields.
#pragma once

#include <string>

#include "model/clock.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

struct web_push_message {
  std::string text;     ///< before encryption; with blanks of any length its size is not checked
  std::string urgency;  ///< empty = not said
  std::string topic;    ///< empty = none
  uint32_t ttl_seconds = 0;
};

/// How content maps:
///
///   title, body, image_url, icon_url, badge   notification.{title,body,image,icon,badge}
///   deep_link, data                           data, as given; data.deep_link unless the client set that key
///   collapse_key                              Topic; a hash of it when it has not the form of one
///   expires_at                                TTL, what is left at `now`
///
/// The override has the form that FCM knows: `notification` and `data` are merged over that as RFC 7396 says,
/// so are other members; `headers` may hold TTL, Urgency and Topic. Errors: corrupt_data when the override is
/// not a JSON object; invalid_field with a pointer such as `/webpush/headers/Urgency`; payload_too_large.
result<web_push_message> render_web_push(const message& content, utc_ms now);

/// Whether push services will take such a message. Errors: as above.
result<void> check_web_push_message(const message& content);

}  // namespace pusher
