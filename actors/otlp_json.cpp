#include "actors/otlp_json.hpp"

#include "http/json_writer.hpp"

namespace pusher {

namespace {

constexpr const char* service = "pusher";
// Of a span's status, by OpenTelemetry.
constexpr unsigned status_error = 2;
constexpr unsigned flag_sampled = 1;

void write_text(http::json_text& out, const std::string& key, const std::string& value) {
  out.open();
  out.field("key", key);
  out.key("value");
  out.open();
  out.field("stringValue", value);
  out.close();
  out.close();
}

/// JSON numbers lose digits in some readers, hence 64 bits travel as text.
void write_number(http::json_text& out, const std::string& key, int64_t value) {
  out.open();
  out.field("key", key);
  out.key("value");
  out.open();
  out.field("intValue", std::to_string(value));
  out.close();
  out.close();
}

void write_place(http::json_text& out, const trace_context& place) {
  out.field("traceId", place.trace_id);
  out.field("spanId", place.span_id);
  out.field("flags", flag_sampled);
}

void write_span(http::json_text& out, const span& of) {
  out.open();
  write_place(out, of.place);
  if (!of.parent_id.empty()) out.field("parentSpanId", of.parent_id);
  out.field("name", of.name);
  out.field("kind", static_cast<unsigned>(of.kind));
  out.field("startTimeUnixNano", std::to_string(of.started_us * 1000));
  out.field("endTimeUnixNano", std::to_string(of.ended_us * 1000));
  out.key("attributes");
  out.open_list();
  for (const auto& [key, value] : of.texts)
    write_text(out, key, value);
  for (const auto& [key, value] : of.numbers)
    write_number(out, key, value);
  out.close_list();
  if (!of.links.empty()) {
    out.key("links");
    out.open_list();
    for (const auto& each : of.links) {
      out.open();
      write_place(out, each);
      out.close();
    }
    out.close_list();
  }
  if (!of.failure.empty()) {
    out.key("status");
    out.open();
    out.field("code", status_error);
    out.field("message", of.failure);
    out.close();
  }
  out.close();
}

}  // namespace

std::string otlp_json(const std::vector<span>& spans, const std::string& node) {
  http::json_text out;
  out.open();
  out.key("resourceSpans");
  out.open_list();
  out.open();
  out.key("resource");
  out.open();
  out.key("attributes");
  out.open_list();
  write_text(out, "service.name", service);
  write_text(out, "service.version", PUSHER_VERSION);
  write_text(out, "service.instance.id", node);
  out.close_list();
  out.close();
  out.key("scopeSpans");
  out.open_list();
  out.open();
  out.key("scope");
  out.open();
  out.field("name", service);
  out.field("version", PUSHER_VERSION);
  out.close();
  out.key("spans");
  out.open_list();
  for (const auto& each : spans)
    write_span(out, each);
  out.close_list();
  out.close();
  out.close_list();
  out.close();
  out.close_list();
  out.close();
  return out.take();
}

}  // namespace pusher
