// Notifications and deliveries in JSON.
#pragma once

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher::http {

result<notification_draft> parse_notification(const rapidjson::Value& body);
/// What a merge patch (RFC 7396) makes of a notification. An audience is replaced as a whole: it is one of
/// several kinds, and a condition cannot be merged.
result<notification_draft> patch_notification(const notification& now, const rapidjson::Value& patch);
void write_notification(json_text& out, const notification& from);
std::string notification_body(const notification& from);
/// Where it stands: its state and counts.
void write_progress(json_text& out, const notification& from);
void write_delivery(json_text& out, const delivery& from);

}  // namespace pusher::http
