#include "actors/message_check.hpp"

#include "transports/apns/payload.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/hms/payload.hpp"
#include "transports/webpush/payload.hpp"

namespace pusher {

result<void> check_for_gateways(const message& content, const std::set<channel>& configured) {
  if (auto fits = check_fcm_message(content); !fits) return fits;
  if (configured.count(channel::apns) > 0 || !content.apns.empty())
    if (auto fits = check_apns_message(content); !fits) return fits;
  if (configured.count(channel::webpush) > 0 || !content.webpush.empty())
    if (auto fits = check_web_push_message(content); !fits) return fits;
  if (configured.count(channel::hms) > 0 || !content.hms.empty())
    if (auto fits = check_hms_message(content); !fits) return fits;
  return {};
}

}  // namespace pusher
