#include "http/codec_results.hpp"

namespace pusher::http {

void write_feed_event(json_text& out, const feed_event& from) {
  out.open();
  out.field("id", from.id());
  out.field("type", to_string(from.type));
  out.time("at", from.at);
  if (!from.notification_id.empty()) out.field("notification_id", from.notification_id);
  out.field("external_id", from.external_id);
  if (from.state) out.field("state", to_string(*from.state));
  if (!from.device_id.empty())
    out.field("device_id", from.device_id);
  else if (from.type != event_type::notification_settled)
    out.field("device_deleted", true);
  if (!from.other_device_id.empty()) out.field("other_device_id", from.other_device_id);
  if (from.gateway) out.field("gateway", to_string(*from.gateway));
  if (outcome_of(from.type)) out.field("attempts", from.attempts);
  if (!from.code.empty()) out.field("code", from.code);
  if (!from.gateway_message_id.empty()) out.field("gateway_message_id", from.gateway_message_id);
  out.close();
}

}  // namespace pusher::http
