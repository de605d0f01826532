// Apple's push types: what each asks of the topic, the priority and the size.
// Source: "Sending notification requests to APNs", developer.apple.com.
#pragma once

#include <cstddef>
#include <string_view>

namespace pusher {

struct apns_push_type {
  std::string_view name;           ///< apns-push-type
  std::string_view topic_suffix;   ///< behind the bundle id
  std::string_view priority;       ///< what we send unless told otherwise
  bool only_low_priority = false;  ///< 10 is an error
  bool needs_token = false;        ///< not with a certificate
  bool has_aps = true;             ///< the payload holds an `aps` dictionary
  size_t payload_bytes = 4096;
};

/// Null when Apple knows no such type.
const apns_push_type* find_apns_push_type(std::string_view name);
/// All names, for people: "alert, background, ...".
std::string_view apns_push_type_names();

}  // namespace pusher
