// What an APNs request says of a notification: rendered once per content, completed per device by its token.
#pragma once

#include <string>

#include "model/notification.hpp"
#include "model/result.hpp"
#include "transports/apns/push_type.hpp"

namespace pusher {

/// A request's parts that are the same for all devices.
struct apns_request {
  const apns_push_type* type = nullptr;
  std::string topic;  ///< given by the notification; empty = the configured bundle id with the type's suffix
  std::string priority;
  std::string expiration;   ///< seconds since the epoch
  std::string collapse_id;  ///< empty = none
  std::string id;           ///< given by the notification, for all its devices; empty = one of ours for each
  std::string body;         ///< JSON; with blanks of any length its size is not checked
};

/// How content maps to Apple's fields:
///
///   title, body    aps.alert.{title,body}
///   sound, badge   aps.sound, aps.badge
///   image_url      image_url beside aps, and aps.mutable-content, so that the app's extension can load it
///   deep_link      deep_link beside aps, unless data has that key
///   data           beside aps, as given
///   collapse_key   apns-collapse-id
///   expires_at     apns-expiration
///
/// Without anything to show it is a background push. The override has the form that FCM knows: `headers`, and
/// `payload`, which is merged over all that as RFC 7396 says; `apns-push-type` in `headers` chooses the type.
/// Errors: corrupt_data when the override is not a JSON object; invalid_field with a pointer such as
/// `/apns/headers/apns-priority`; payload_too_large.
result<apns_request> render_apns(const message& content);

/// Whether APNs will take such a message. Errors: as above.
result<void> check_apns_message(const message& content);

}  // namespace pusher
