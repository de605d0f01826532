// Credentials as JSON. What is secret is read, and never written.
#pragma once

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "http/operations.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Errors: invalid_field, missing_field, unknown_field.
result<credential_draft> read_credential(const rapidjson::Value& body);
result<credential_change> read_credential_change(const rapidjson::Value& body);

void write_credential(json_text& out, const shown_credential& from);

}  // namespace pusher::http
