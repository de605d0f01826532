// Results as JSON.
#pragma once

#include <rapidjson/document.h>

#include <vector>

#include "http/json_writer.hpp"
#include "http/operations.hpp"
#include "model/feed_event.hpp"
#include "model/results.hpp"

namespace pusher::http {

void write_feed_event(json_text& out, const feed_event& from);
/// The same of one device's history.
void write_history_entry(json_text& out, const feed_event& from);
void write_summary(json_text& out, const delivery_summary& from);
void write_explanation(json_text& out, const explained_delivery& from);

/// What a client says of one device; `device_id` is given unless the object names it.
result<client_report> parse_report(const rapidjson::Value& object, const std::string& pointer,
                                   const std::optional<std::string>& device_id);
/// `{"events": [...]}`, at most `limits::reports`.
result<std::vector<client_report>> parse_reports(const rapidjson::Value& body);

}  // namespace pusher::http
