// What every route is made of: the request that it serves, and how it reads and answers.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

#include "http/exchange.hpp"
#include "http/json_writer.hpp"
#include "http/operations.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// One request on its way through a route.
struct call {
  const request& asked;
  operations& engine;
  principal who;
  std::vector<std::string> names;  ///< what the path's placeholders took

  const std::string& name() const { return names.front(); }
};

using answer = result<response>;
using query_names = std::array<std::string_view, 8>;

/// The API key of `Authorization: Bearer KEY`; nothing when there is no such header.
std::optional<std::string_view> bearer_key(const request& asked);

/// The key of the header Idempotency-Key. Errors: invalid_field.
result<std::optional<std::string>> read_idempotency_key(const request& asked);

error fault(errc code, std::string detail, std::string pointer = "");
response json_response(int status, json_text& out);
/// 204.
response empty_response();

/// The JSON body. Errors: unsupported_media_type, malformed_json.
result<rapidjson::Document> read_body(const call& of);
/// `limit` and `cursor` of the query. Errors: invalid_field.
result<page_request> read_paging(const std::map<std::string, std::string>& query, size_t most);

/// Among a response's internal notes: the cursor with which its body ends. serve() seals it.
inline const std::string next_cursor_note = "next_cursor";

/// {"items": [...], "has_more": ..., "next_cursor": ...}
template <class T, class Write>
response list_response(const page<T>& items, Write write) {
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : items.items)
    write(out, each);
  out.close_list();
  out.field("has_more", !items.next.empty());
  if (items.next.empty())
    out.null("next_cursor");
  else
    out.field("next_cursor", items.next);
  out.close();
  auto made = json_response(200, out);
  if (!items.next.empty()) made.internal[next_cursor_note] = items.next;
  return made;
}

}  // namespace pusher::http
