// Webhooks as JSON.
#pragma once

#include <optional>
#include <string>

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "http/webhook_operations.hpp"

namespace pusher::http {

void write_webhook(json_text& out, const described_webhook& from);
/// With the secret, which is never shown again.
void write_webhook_with_secret(json_text& out, const webhook_with_secret& from);
void write_webhook_attempt(json_text& out, const webhook_attempt& from);

/// Errors as everywhere: field_reader.hpp.
result<webhook_options> parse_webhook(const rapidjson::Value& body);
/// Applies a merge patch.
result<void> patch_webhook(const rapidjson::Value& body, webhook_options& into);
result<webhook_start> parse_webhook_start(const rapidjson::Value& body);

}  // namespace pusher::http
