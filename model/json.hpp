// The one way in which JSON from outside is read: bounded depth, strict UTF-8, no recursion.
#pragma once

#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "model/result.hpp"

namespace pusher::json {

/// Parses untrusted text. Errors: malformed_json, naming the offset. Duplicate keys of one object are an
/// error.
result<rapidjson::Document> parse(std::string_view text);

/// `base` + "/" + `key`, with the key escaped as RFC 6901 asks.
std::string pointer(const std::string& base, std::string_view key);
std::string pointer(const std::string& base, size_t index);

/// Compact text of a value.
std::string to_text(const rapidjson::Value& value);

/// Applies a merge patch (RFC 7396) whose depth parse() has bounded.
void merge_patch(rapidjson::Value& into, const rapidjson::Value& patch,
                 rapidjson::Document::AllocatorType& memory);

inline std::string_view view(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

/// The name among `known` that is nearest to `name` by edit distance, or empty when none is near.
std::string_view nearest(std::string_view name, const std::string_view* known, size_t count);

}  // namespace pusher::json
