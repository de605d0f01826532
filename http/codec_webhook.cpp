#include "http/codec_webhook.hpp"

#include <algorithm>

#include "http/field_reader.hpp"
#include "model/json.hpp"

namespace pusher::http {

namespace {

constexpr size_t url_bytes = 2048;
constexpr size_t description_bytes = 255;
constexpr size_t cursor_bytes = 128;
constexpr int64_t most_events = 1'000;
constexpr int64_t most_wait_ms = 60'000;

bool present(const rapidjson::Value& object, const char* name) {
  return object.IsObject() && object.HasMember(name);
}

std::string all_names() {
  std::string names;
  for (auto each : all_event_types)
    names.append(names.empty() ? "" : ", ").append(to_string(each));
  return names;
}

void read_events(field_reader& from, std::vector<event_type>& into) {
  auto names = from.texts("events", all_event_types.size(), {64, 1});
  into.clear();
  if (!names) return;  // null or absent: all
  for (size_t i = 0; i < names->size(); ++i) {
    auto type = parse_event_type((*names)[i]);
    if (!type)
      return from.fail({errc::invalid_field, "There is no such type of event; there are " + all_names() + ".",
                        json::pointer(from.pointer_of("events"), i), 0});
    if (std::find(into.begin(), into.end(), *type) == into.end()) into.push_back(*type);
  }
}

void read_batch(field_reader& from, webhook_options& into) {
  const auto* value = from.object("batch");
  if (!value) return;
  field_reader batch(*value, from.pointer_of("batch"));
  if (auto most = batch.number("max_events", 1, most_events)) into.max_events = static_cast<uint32_t>(*most);
  if (auto wait = batch.number("max_wait_ms", 0, most_wait_ms))
    into.max_wait_ms = static_cast<uint32_t>(*wait);
  if (auto done = batch.finish(); !done) from.fail(done.failure());
}

/// What both a new webhook and a change may say.
void read_options(field_reader& from, const rapidjson::Value& body, webhook_options& into) {
  if (auto url = from.text("url", {url_bytes, 1})) into.url = std::move(*url);
  auto description = from.text("description", {description_bytes});
  if (description || present(body, "description")) into.description = description.value_or("");
  from.any("events");
  if (present(body, "events")) read_events(from, into.events);
  if (auto enabled = from.flag("enabled")) into.enabled = *enabled;
  read_batch(from, into);
}

void write_fields(json_text& out, const described_webhook& of) {
  const auto& from = of.value;
  out.field("id", from.id);
  out.field("url", from.options.url);
  out.field("description", from.options.description);
  if (from.options.events.empty()) {
    out.null("events");
  } else {
    out.key("events");
    out.open_list();
    for (auto each : from.options.events)
      out.value(to_string(each));
    out.close_list();
  }
  out.key("batch");
  out.open();
  out.field("max_events", from.options.max_events);
  out.field("max_wait_ms", from.options.max_wait_ms);
  out.close();
  out.field("enabled", from.options.enabled);
  out.field("state", to_string(from.state));
  out.time("disabled_at", from.disabled_at);
  out.time("created_at", from.created_at);
  out.time("updated_at", from.updated_at);
  out.time("previous_secret_until", from.previous_secret_until);
  out.key("delivery");
  out.open();
  out.field("cursor", of.cursor);
  out.field("failed_tries", from.tries);
  out.time("failing_since", from.failing_since);
  out.time("next_try_at", from.next_try_at);
  out.time("last_taken_at", from.last_taken_at);
  if (!from.last_trouble.empty()) out.field("last_trouble", from.last_trouble);
  out.close();
}

}  // namespace

void write_webhook(json_text& out, const described_webhook& from) {
  out.open();
  write_fields(out, from);
  out.close();
}

void write_webhook_with_secret(json_text& out, const webhook_with_secret& from) {
  out.open();
  write_fields(out, from.made);
  out.field("secret", from.secret);
  out.close();
}

void write_webhook_attempt(json_text& out, const webhook_attempt& from) {
  out.open();
  out.field("message_id", from.message_id);
  out.field("type", from.type);
  if (from.type == "events") out.field("events", from.events);
  out.field("taken", from.trouble.empty());
  if (from.status != 0) out.field("status", from.status);
  out.field("latency_ms", static_cast<uint64_t>(from.latency_ms));
  if (!from.trouble.empty()) out.field("trouble", from.trouble);
  if (!from.excerpt.empty()) out.field("answer", from.excerpt);
  out.time("at", from.at);
  out.time("next_try_at", from.next_try_at);
  out.close();
}

result<webhook_options> parse_webhook(const rapidjson::Value& body) {
  webhook_options made;
  field_reader from(body, "");
  from.require("url");
  read_options(from, body, made);
  if (auto done = from.finish(); !done) return done.failure();
  return made;
}

result<void> patch_webhook(const rapidjson::Value& body, webhook_options& into) {
  field_reader from(body, "");
  if (present(body, "url")) from.require("url");
  read_options(from, body, into);
  return from.finish();
}

result<webhook_start> parse_webhook_start(const rapidjson::Value& body) {
  webhook_start made;
  field_reader from(body, "");
  made.cursor = from.text("cursor", {cursor_bytes, 1});
  if (auto since = from.text("since", {64, 1})) {
    made.since = parse_rfc3339(*since);
    if (!made.since)
      from.fail(errc::invalid_field, "since",
                "This is a time as RFC 3339 has it, such as 2026-11-23T10:00:00Z.");
  }
  if (auto done = from.finish(); !done) return done.failure();
  if (made.cursor.has_value() == made.since.has_value())
    return error{errc::invalid_field, "Say either \"cursor\" or \"since\": from where to deliver.", "", 0};
  return made;
}

}  // namespace pusher::http
