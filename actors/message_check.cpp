#include "actors/message_check.hpp"

#include "transports/apns/payload.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/hms/payload.hpp"
#include "transports/webpush/payload.hpp"

namespace pusher {

result<void> check_for_gateways(const message& content, channel_set configured) {
  if (auto fits = check_fcm_message(content); !fits) return fits;
  if (configured.contains(channel::apns) || !content.apns.empty())
    if (auto fits = check_apns_message(content); !fits) return fits;
  if (configured.contains(channel::webpush) || !content.webpush.empty())
    if (auto fits = check_web_push_message(content); !fits) return fits;
  if (configured.contains(channel::hms) || !content.hms.empty())
    if (auto fits = check_hms_message(content); !fits) return fits;
  return {};
}

}  // namespace pusher
