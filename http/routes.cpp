#include "http/routes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>

#include "http/codec_device.hpp"
#include "http/codec_notification.hpp"
#include "http/export_page.hpp"
#include "http/field_reader.hpp"
#include "http/import_chunk.hpp"
#include "http/import_result.hpp"
#include "http/json_writer.hpp"
#include "http/path.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

/// One request on its way through a route.
struct call {
  const request& asked;
  operations& engine;
  principal who;
  std::vector<std::string> names;  ///< what the path's placeholders took

  const std::string& name() const { return names.front(); }
};

using answer = result<response>;
using query_names = std::array<std::string_view, 3>;
using handler = answer (*)(const call&);

struct route {
  const char* method;
  const char* pattern;
  scope needed;
  handler handle;
  query_names query = {};  ///< the parameters that it takes
};

error fault(errc code, std::string detail, std::string pointer = "") {
  return {code, std::move(detail), std::move(pointer), 0};
}

response json_response(int status, json_text& out) {
  response made;
  made.status = status;
  made.body = out.take();
  return made;
}

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

result<rapidjson::Document> read_body(const call& of) {
  if (!may_be_json(of.asked))
    return fault(errc::unsupported_media_type, "Send JSON, as Content-Type: application/json.");
  if (of.asked.body.empty()) return fault(errc::malformed_json, "This request needs a JSON body.");
  return json::parse(of.asked.body);
}

// -- lists --

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

result<void> only_known(const std::map<std::string, std::string>& query, const query_names& known) {
  for (const auto& [name, value] : query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto near = json::nearest(name, known.begin(), known.size());
    return fault(errc::unknown_field,
                 "There is no query parameter \"" + name.substr(0, 64) + "\" here." +
                     (near.empty() ? "" : " Did you mean \"" + std::string(near) + "\"?"));
  }
  return {};
}

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
  return json_response(200, out);
}

// -- devices --

response device_response(int status, const stored_device& device) {
  json_text out;
  write_device(out, device);
  return json_response(status, out);
}

answer put_device(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto parsed = parse_device(*body, of.name());
  if (!parsed) return parsed.failure();
  auto stored = of.engine.put_device(of.who.application, *parsed);
  if (!stored) return stored.failure();
  auto made = device_response(stored->created ? 201 : 200, stored->device);
  if (stored->created) made.headers.emplace_back("Location", of.asked.path);
  return made;
}

answer get_device(const call& of) {
  auto found = of.engine.get_device(of.who.application, of.name());
  if (!found) return found.failure();
  return device_response(200, *found);
}

answer change_device(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto changed = of.engine.patch_device(of.who.application, of.name(),
                                        [&body](device& onto) { return patch_device(onto, *body); });
  if (!changed) return changed.failure();
  return device_response(200, *changed);
}

answer delete_device(const call& of) {
  if (auto gone = of.engine.delete_device(of.who.application, of.name()); !gone) return gone.failure();
  response made;
  made.status = 204;
  return made;
}

/// One chunk of an import; http/import_stream.hpp cuts the client's body into chunks.
answer import_devices(const call& of) {
  uint64_t first_line = 1;
  if (auto told = of.asked.internal.find(first_line_note); told != of.asked.internal.end())
    std::from_chars(told->second.data(), told->second.data() + told->second.size(), first_line);
  return import_chunk(of.asked.body, first_line, of.who.application, of.engine);
}

/// The condition of a search or count; absent means every device.
result<condition> read_condition(field_reader& from, const rapidjson::Value& body) {
  from.refuse("segment");
  (void)from.any("condition");
  if (auto good = from.finish(); !good) return good.failure();
  auto found = body.FindMember("condition");
  if (found == body.MemberEnd()) return condition();
  return condition::parse(found->value, "/condition");
}

answer search_devices(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  page_request paging;
  if (auto limit = from.number("limit", 1, 1000)) paging.limit = static_cast<size_t>(*limit);
  if (auto cursor = from.text("cursor", {128, 1})) paging.cursor = *cursor;
  auto where = read_condition(from, *body);
  if (!where) return where.failure();
  auto found = of.engine.search_devices(of.who.application, *where, paging);
  if (!found) return found.failure();
  return list_response(*found, write_device);
}

answer count_devices(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  auto where = read_condition(from, *body);
  if (!where) return where.failure();
  auto counted = of.engine.count_devices(of.who.application, *where);
  if (!counted) return counted.failure();
  json_text out;
  out.open();
  out.field("count", counted->count);
  out.field("looked_at", counted->looked_at);
  out.close();
  return json_response(200, out);
}

/// What a GET says in its query and a POST in its body. The audience of the body is read in this one place.
result<export_wish> read_export_wish(const call& of) {
  export_wish wish;
  if (of.asked.method != "POST") {
    if (auto named = of.asked.query.find("after"); named != of.asked.query.end()) wish.after = named->second;
    return wish;
  }
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  wish.after = from.text("after", {limits::device_id_bytes, 1});
  auto where = read_condition(from, *body);
  if (!where) return where.failure();
  wish.where = std::move(*where);
  return wish;
}

/// One page of an export; http/export_stream.hpp asks for page after page.
answer export_devices(const call& of) {
  auto wish = read_export_wish(of);
  if (!wish) return wish.failure();
  return export_page(of.asked, *wish, of.who.application, of.engine);
}

// -- notifications --

result<std::optional<idempotency>> read_idempotency(const request& asked) {
  auto found = asked.headers.find("idempotency-key");
  if (found == asked.headers.end()) return std::optional<idempotency>();
  auto key = found->second;
  // A structured field puts the key into quotes; many clients leave them out.
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > limits::idempotency_key_bytes || !printable)
    return fault(errc::invalid_field,
                 "Idempotency-Key has 1 to 255 printable ASCII characters without spaces.");
  return std::optional(idempotency{key, sha256(asked.path + "\n" + asked.body)});
}

/// The answer of a call that may have been made before under the same key.
response once_only(int status, created_notification&& made, const notification& of) {
  response shown;
  shown.status = status;
  if (made.replayed_body) {
    shown.headers.emplace_back("Idempotency-Replayed", "true");
    shown.body = std::move(*made.replayed_body);
  } else {
    shown.body = notification_body(of);
  }
  return shown;
}

answer create_notification(const call& of) {
  auto once = read_idempotency(of.asked);
  if (!once) return once.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  auto draft = parse_notification(*body);
  if (!draft) return draft.failure();
  auto created = of.engine.create_notification(of.who.application, *draft, *once, notification_body);
  if (!created) return created.failure();
  auto made = once_only(201, std::move(*created), created->created);
  made.headers.emplace_back("Location", "/v1/notifications/" + created->created.id);
  return made;
}

response notification_response(int status, const notification& from) {
  response made;
  made.status = status;
  made.body = notification_body(from);
  return made;
}

answer get_notification(const call& of) {
  auto found = of.engine.get_notification(of.who.application, of.name());
  if (!found) return found.failure();
  return notification_response(200, *found);
}

answer list_notifications(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  std::optional<notification_state> state;
  if (auto named = of.asked.query.find("state"); named != of.asked.query.end()) {
    state = parse_notification_state(named->second);
    if (!state)
      return fault(
          errc::invalid_field,
          "state is one of draft, scheduled, launched, sending, completed, paused, canceled, expired.");
  }
  auto found = of.engine.list_notifications(of.who.application, state, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_notification);
}

answer launch_notification(const call& of) {
  auto once = read_idempotency(of.asked);
  if (!once) return once.failure();
  auto launched = of.engine.launch_notification(of.who.application, of.name(), *once, notification_body);
  if (!launched) return launched.failure();
  return once_only(202, std::move(*launched), launched->created);
}

answer list_deliveries(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  std::optional<outcome> only;
  if (auto named = of.asked.query.find("outcome"); named != of.asked.query.end()) {
    only = parse_outcome(named->second);
    if (!only)
      return fault(
          errc::invalid_field,
          "outcome is one of accepted, unregistered, rejected, failed, expired, canceled, skipped, unknown.");
  }
  auto found = of.engine.list_deliveries(of.who.application, of.name(), only, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_delivery);
}

// -- the routes --

constexpr route routes[] = {
    {"POST", "/v1/devices:import", scope::devices, import_devices},
    {"GET", "/v1/devices:export", scope::devices, export_devices, {"after"}},
    {"POST", "/v1/devices:export", scope::devices, export_devices},
    {"POST", "/v1/devices:search", scope::devices, search_devices},
    {"POST", "/v1/devices:count", scope::devices, count_devices},
    {"PUT", "/v1/devices/{device_id}", scope::devices, put_device},
    {"GET", "/v1/devices/{device_id}", scope::devices, get_device},
    {"PATCH", "/v1/devices/{device_id}", scope::devices, change_device},
    {"DELETE", "/v1/devices/{device_id}", scope::devices, delete_device},
    {"POST", "/v1/notifications", scope::send, create_notification},
    {"GET", "/v1/notifications", scope::read, list_notifications, {"state", "limit", "cursor"}},
    {"POST", "/v1/notifications/{id}:launch", scope::send, launch_notification},
    {"GET",
     "/v1/notifications/{id}/deliveries",
     scope::read,
     list_deliveries,
     {"outcome", "limit", "cursor"}},
    {"GET", "/v1/notifications/{id}", scope::read, get_notification},
};

std::string_view scope_name(scope s) {
  switch (s) {
    case scope::devices:
      return "devices";
    case scope::send:
      return "send";
    case scope::read:
      return "read";
    case scope::admin:
      return "admin";
  }
  return "admin";
}

result<principal> authenticate(const request& asked, operations& engine) {
  auto found = asked.headers.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (found == asked.headers.end() || to_lower(found->second.substr(0, scheme.size())) != scheme)
    return fault(errc::unauthenticated,
                 "Send an API key as \"Authorization: Bearer KEY\"; `pusher keys create` makes one.");
  return engine.authenticate(std::string_view(found->second).substr(scheme.size()));
}

answer route_request(const request& asked, operations& engine) {
  auto method = asked.method == "HEAD" ? std::string("GET") : asked.method;
  std::string allowed;
  for (const auto& each : routes) {
    auto names = match(each.pattern, asked.path);
    if (!names) continue;
    if (method != each.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(each.method);
      continue;
    }
    auto who = authenticate(asked, engine);
    if (!who) return who.failure();
    if (!who->may(each.needed))
      return fault(errc::forbidden,
                   "This API key lacks the scope \"" + std::string(scope_name(each.needed)) + "\".");
    if (auto known = only_known(asked.query, each.query); !known) return known.failure();
    return each.handle({asked, engine, *who, std::move(*names)});
  }
  if (allowed.empty())
    return fault(errc::route_not_found, "There is nothing at this path; see the API's documentation.");
  auto made = problem(fault(errc::method_not_allowed, "This path takes " + allowed + "."), asked);
  made.headers.emplace_back("Allow", allowed);
  return made;
}

}  // namespace

response serve(const request& asked, operations& engine) {
  try {
    auto made = route_request(asked, engine);
    return made ? std::move(*made) : problem(made.failure(), asked);
  } catch (const std::exception&) {
    // Memory ran out, or a library threw: the client learns that it was us, and no more.
    return problem({errc::internal, "", "", 0}, asked);
  }
}

}  // namespace pusher::http
