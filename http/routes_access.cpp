#include "http/field_reader.hpp"
#include "http/route_handlers.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

constexpr size_t key_name_bytes = 128;
constexpr int64_t longest_overlap_seconds = 90 * 24 * 3600;

error no_such_application() {
  return fault(errc::not_found, "There is no such application.");
}

/// The application that the call is about: the key's own, or the one that the path names. Another's is there
/// for operators only; to everyone else it is as absent as one that never was.
result<application> target(const call& of) {
  bool named = of.asked.path.rfind("/v1/applications/", 0) == 0;
  if (named && of.who.operates) return of.engine.find_application(of.name());
  auto own = of.engine.get_application(of.who.application);
  if (own && named && own->name != of.name() && own->id != of.name()) return no_such_application();
  return own;
}

/// The application to be changed as such, which only operators may.
result<application> administered(const call& of) {
  auto found = target(of);
  if (found && !of.who.operates)
    return fault(errc::forbidden,
                 "Only an admin key of the application \"" + default_application + "\" may do this.");
  return found;
}

/// What it wishes itself, and what is so.
void write_retention(json_text& out, const retention_wish& wished, const retention& in_force) {
  out.key("retention");
  out.open();
  for (const auto& each : retention_fields) {
    if (const auto& wish = wished.*each.wished)
      out.field(each.name, *wish);
    else
      out.null(each.name);
  }
  out.close();
  out.key("retention_in_force");
  out.open();
  for (const auto& each : retention_fields)
    out.field(each.name, in_force.*each.in_force);
  out.close();
}

void write_application(json_text& out, const application& from, const retention& usual) {
  out.open();
  out.field("id", from.id);
  out.field("name", from.name);
  out.field("state", from.suspended_at == 0 ? "active" : "suspended");
  out.time("created_at", from.created_at);
  out.time("suspended_at", from.suspended_at);
  write_retention(out, from.kept, from.kept.over(usual));
  out.close();
}

answer application_response(int status, const call& of, const result<application>& from) {
  if (!from) return from.failure();
  json_text out;
  write_application(out, *from, of.engine.usual_retention());
  return json_response(status, out);
}

answer applications_response(const call& of, const page<application>& found) {
  return list_response(found, [&](json_text& out, const application& each) {
    write_application(out, each, of.engine.usual_retention());
  });
}

void write_scopes(json_text& out, uint8_t scopes) {
  out.open_list();
  for (auto each : all_scopes)
    if ((scopes & static_cast<uint8_t>(each)) != 0) out.value(to_string(each));
  out.close_list();
}

void write_fields(json_text& out, const api_key& from) {
  out.field("id", from.id);
  out.field("name", from.name);
  out.field("application", from.application_name);
  out.key("scopes");
  write_scopes(out, from.scopes);
  if (from.requests_per_second)
    out.field("requests_per_second", *from.requests_per_second);
  else
    out.null("requests_per_second");
  out.time("created_at", from.created_at);
  out.time("expires_at", from.expires_at);
  out.time("last_used_at", from.last_used_at);
}

void write_key(json_text& out, const api_key& from) {
  out.open();
  write_fields(out, from);
  out.close();
}

response key_response(int status, const api_key& from) {
  json_text out;
  write_key(out, from);
  return json_response(status, out);
}

/// The one answer in which the key itself stands.
response made_response(const made_api_key& made, const std::string& location) {
  json_text out;
  out.open();
  write_fields(out, made.value);
  out.field("key", made.secret);
  out.close();
  auto answered = json_response(201, out);
  answered.headers.emplace_back("Location", location + "/" + made.value.id);
  answered.headers.emplace_back("Cache-Control", "no-store");
  return answered;
}

std::optional<uint8_t> read_scopes(field_reader& from) {
  auto names = from.texts("scopes", all_scopes.size(), {16, 1});
  if (!names) return std::nullopt;
  uint8_t bits = 0;
  for (const auto& name : *names) {
    auto known = parse_scope(name);
    if (!known) from.fail(errc::invalid_field, "scopes", "A scope is one of devices, send, read, admin.");
    bits = static_cast<uint8_t>(bits | static_cast<uint8_t>(known.value_or(scope::read)));
  }
  return bits;
}

std::optional<utc_ms> read_end(field_reader& from) {
  auto text = from.text("expires_at", {64, 1});
  if (!text) return std::nullopt;
  auto time = parse_rfc3339(*text);
  if (!time || *time <= 0)
    from.fail(errc::invalid_field, "expires_at", "This is a time such as 2030-01-31T12:00:00Z.");
  return time;
}

std::optional<uint32_t> read_limit(field_reader& from) {
  auto limit = from.number("requests_per_second", 0, 1'000'000);
  return limit ? std::optional(static_cast<uint32_t>(*limit)) : std::nullopt;
}

/// Whether a merge patch says null: back to what it is without.
bool is_null(const rapidjson::Value& body, const char* name) {
  auto found = body.FindMember(name);
  return found != body.MemberEnd() && found->value.IsNull();
}

std::optional<std::string> read_name(field_reader& from) {
  auto name = from.text("name", {64, 1});
  if (name)
    if (auto good = check_application_name(*name); !good)
      from.fail(errc::invalid_field, "name", good.failure().detail);
  return name;
}

/// Each that is given replaces what was wished; null takes the wish back, of one or of all.
result<void> change_retention(const rapidjson::Value& body, retention_wish& wished) {
  if (is_null(body, "retention")) wished = {};
  auto given = body.FindMember("retention");
  if (given == body.MemberEnd() || !given->value.IsObject()) return {};
  field_reader from(given->value, "/retention");
  for (const auto& each : retention_fields) {
    auto number = from.number(each.name, each.least, each.most);
    if (number || is_null(given->value, each.name))
      wished.*each.wished = number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
  }
  return from.finish();
}

}  // namespace

// -- applications --

answer create_application(const call& of) {
  if (!of.who.operates)
    return fault(errc::forbidden, "Only an admin key of the application \"" + default_application +
                                      "\" may make applications.");
  auto once = read_idempotency_key(of.asked);
  if (!once) return once.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  from.require("name");
  auto name = read_name(from);
  if (auto done = from.finish(); !done) return done.failure();
  auto made = of.engine.create_application(*name, *once);
  if (!made) return made.failure();
  auto answered = application_response(201, of, made->value);
  answered->headers.emplace_back("Location", "/v1/applications/" + made->value.name);
  if (made->replayed) answered->headers.emplace_back("Idempotency-Replayed", "true");
  return answered;
}

answer list_applications(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  if (of.who.operates) {
    auto found = of.engine.list_applications(*paging);
    if (!found) return found.failure();
    return applications_response(of, *found);
  }
  auto own = of.engine.get_application(of.who.application);
  if (!own) return own.failure();
  return applications_response(of, {{std::move(*own)}, ""});
}

answer get_application(const call& of) {
  return application_response(200, of, target(of));
}

answer change_application(const call& of) {
  auto found = administered(of);
  if (!found) return found.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  auto name = read_name(from);
  from.object("retention");
  if (auto done = from.finish(); !done) return done.failure();
  if (is_null(*body, "name")) return fault(errc::invalid_field, "This cannot be removed.", "/name");
  return application_response(200, of, of.engine.change_application(found->key, [&](application& now) {
    if (name) now.name = *name;
    return change_retention(*body, now.kept);
  }));
}

answer suspend_application(const call& of) {
  auto found = administered(of);
  if (!found) return found.failure();
  return application_response(200, of, of.engine.suspend_application(found->key));
}

answer resume_application(const call& of) {
  auto found = administered(of);
  if (!found) return found.failure();
  return application_response(200, of, of.engine.resume_application(found->key));
}

answer delete_application(const call& of) {
  auto found = administered(of);
  if (!found) return found.failure();
  if (auto gone = of.engine.delete_application(found->key); !gone) return gone.failure();
  return empty_response();
}

// -- keys --

answer show_access(const call& of) {
  auto own = of.engine.get_application(of.who.application);
  if (!own) return own.failure();
  json_text out;
  out.open();
  out.field("application", own->name);
  out.key("scopes");
  write_scopes(out, of.who.scopes);
  out.field("operates", of.who.operates && of.who.may(scope::admin));
  out.close();
  return json_response(200, out);
}

answer create_key(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  auto once = read_idempotency_key(of.asked);
  if (!once) return once.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  from.require("scopes");
  api_key_wish wish;
  wish.name = from.text("name", {key_name_bytes, 0}).value_or("");
  wish.scopes = read_scopes(from).value_or(0);
  wish.requests_per_second = read_limit(from);
  wish.expires_at = read_end(from).value_or(0);
  if (auto done = from.finish(); !done) return done.failure();
  auto made = of.engine.create_key(found->key, wish, *once);
  if (!made) return made.failure();
  return made_response(*made, of.asked.path);
}

answer list_keys(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto keys = of.engine.list_keys(found->key, *paging);
  if (!keys) return keys.failure();
  return list_response(*keys, write_key);
}

answer get_key(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  auto key = of.engine.get_key(found->key, of.names.back());
  if (!key) return key.failure();
  return key_response(200, *key);
}

answer change_key(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  auto name = from.text("name", {key_name_bytes, 0});
  auto scopes = read_scopes(from);
  auto limit = read_limit(from);
  auto end = read_end(from);
  if (auto done = from.finish(); !done) return done.failure();
  for (const char* needed : {"name", "scopes"})
    if (is_null(*body, needed))
      return fault(errc::invalid_field, "This cannot be removed.", json::pointer("", std::string(needed)));
  auto change = [&](api_key& key) -> result<void> {
    if (name) key.name = *name;
    if (scopes) key.scopes = *scopes;
    if (limit || is_null(*body, "requests_per_second")) key.requests_per_second = limit;
    if (end || is_null(*body, "expires_at")) key.expires_at = end.value_or(0);
    return {};
  };
  auto key = of.engine.change_key(found->key, of.names.back(), change);
  if (!key) return key.failure();
  return key_response(200, *key);
}

answer rotate_key(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  std::optional<utc_ms> overlap;
  if (!of.asked.body.empty()) {
    auto body = read_body(of);
    if (!body) return body.failure();
    field_reader from(*body, "");
    auto seconds = from.number("overlap_seconds", 0, longest_overlap_seconds);
    if (auto done = from.finish(); !done) return done.failure();
    if (seconds) overlap = *seconds * 1000;
  }
  auto made = of.engine.rotate_key(found->key, of.names.back(), overlap);
  if (!made) return made.failure();
  return made_response(*made, of.asked.path.substr(0, of.asked.path.rfind('/')));
}

answer delete_key(const call& of) {
  auto found = target(of);
  if (!found) return found.failure();
  if (auto gone = of.engine.revoke_key(found->key, of.names.back()); !gone) return gone.failure();
  return empty_response();
}

}  // namespace pusher::http
