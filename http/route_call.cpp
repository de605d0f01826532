#include "http/route_call.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

/// What a JSON body may be called. The last two are what curl and browsers say unless told otherwise; an API
/// key stands in a header, so no other site can make a browser send such a request.
bool may_be_json(const request& asked) {
  auto found = asked.headers.find("content-type");
  if (found == asked.headers.end()) return true;
  auto type = to_lower(trimmed(std::string_view(found->second).substr(0, found->second.find(';'))));
  for (const char* known : {"application/json", "application/merge-patch+json", "application/octet-stream",
                            "application/x-www-form-urlencoded", "text/plain"})
    if (type == known) return true;
  return false;
}

}  // namespace

std::optional<std::string_view> bearer_key(const request& asked) {
  constexpr std::string_view scheme = "bearer ";
  auto found = asked.headers.find("authorization");
  if (found == asked.headers.end()) return std::nullopt;
  std::string_view value(found->second);
  if (to_lower(value.substr(0, scheme.size())) != scheme) return std::nullopt;
  return value.substr(scheme.size());
}

result<std::optional<std::string>> read_idempotency_key(const request& asked) {
  auto found = asked.headers.find("idempotency-key");
  if (found == asked.headers.end()) return std::optional<std::string>();
  auto key = found->second;
  // A structured field puts the key into quotes; many clients leave them out.
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > limits::idempotency_key_bytes || !printable)
    return fault(errc::invalid_field,
                 "Idempotency-Key has 1 to 255 printable ASCII characters without spaces.");
  return std::optional(std::move(key));
}

error fault(errc code, std::string detail, std::string pointer) {
  return {code, std::move(detail), std::move(pointer), 0};
}

response json_response(int status, json_text& out) {
  response made;
  made.status = status;
  made.body = out.take();
  return made;
}

response empty_response() {
  response made;
  made.status = 204;
  return made;
}

result<rapidjson::Document> read_body(const call& of) {
  if (!may_be_json(of.asked))
    return fault(errc::unsupported_media_type, "Send JSON, as Content-Type: application/json.");
  if (of.asked.body.empty()) return fault(errc::malformed_json, "This request needs a JSON body.");
  return json::parse(of.asked.body);
}

result<page_request> read_paging(const std::map<std::string, std::string>& query, size_t most) {
  page_request made;
  if (auto found = query.find("limit"); found != query.end()) {
    const auto& text = found->second;
    auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), made.limit);
    if (wrong != std::errc() || stop != text.data() + text.size() || made.limit < 1 || made.limit > most)
      return fault(errc::invalid_field, "limit is a number from 1 to " + std::to_string(most) + ".");
  }
  if (auto found = query.find("cursor"); found != query.end()) made.cursor = found->second;
  return made;
}

}  // namespace pusher::http
