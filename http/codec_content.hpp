// What a notification says, and to whom, in JSON.
#pragma once

#include <string>

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Reads content and localizations.
result<void> read_content(const rapidjson::Value& object, const std::string& pointer,
                          notification_draft& into);
void write_content(json_text& out, const notification_draft& from);

result<audience> parse_audience(const rapidjson::Value& object, const std::string& pointer);
void write_audience(json_text& out, const audience& from);

/// How many ids the audience lists; 0 when it is not a list.
size_t ids_in(const audience& of);

}  // namespace pusher::http
