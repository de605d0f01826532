#include "http/import_chunk.hpp"

#include <vector>

#include "http/codec_device.hpp"
#include "http/json_writer.hpp"
#include "http/problem.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

struct line_result {
  uint64_t number = 0;
  int status = 0;
  std::string device_id;
  error why;
};

result<device> parse_line(std::string_view line) {
  if (line.size() > limits::import_line_bytes)
    return error{errc::body_too_large, "A line has at most " + std::to_string(limits::import_line_bytes) + " bytes.", "", 0};
  auto body = json::parse(line);
  if (!body) return body.failure();
  return parse_imported_device(*body);
}

void write(std::string& to, const line_result& from) {
  json_text out;
  out.open();
  out.field("line", from.number);
  out.field("status", from.status);
  if (!from.device_id.empty()) out.field("device_id", from.device_id);
  if (from.status >= 300) {
    out.field("code", to_string(from.why.code));
    out.field("detail", from.why.detail);
    if (!from.why.pointer.empty()) out.field("pointer", from.why.pointer);
  }
  out.close();
  to += out.take();
  to += '\n';
}

}  // namespace

response import_chunk(std::string_view lines, application_id app, operations& engine) {
  std::vector<line_result> results;
  std::vector<device> devices;
  std::vector<size_t> result_of;  // devices[i] is told of in results[result_of[i]]
  for (uint64_t number = 1; !lines.empty(); ++number) {
    auto end = std::min(lines.find('\n'), lines.size());
    auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto parsed = parse_line(line);
    line_result each;
    each.number = number;
    if (parsed) {
      each.device_id = parsed->device_id;
      result_of.push_back(results.size());
      devices.push_back(std::move(*parsed));
    } else {
      each.status = kind_of(parsed.failure().code).status;
      each.why = parsed.failure();
    }
    results.push_back(std::move(each));
  }
  if (!devices.empty()) {
    auto stored = engine.import_devices(app, devices);
    for (size_t i = 0; i < devices.size(); ++i) {
      auto& each = results[result_of[i]];
      if (stored) {
        each.status = (*stored)[i] ? 201 : 200;
      } else {
        each.status = kind_of(stored.failure().code).status;
        each.why = stored.failure();
      }
    }
  }
  response made;
  made.content_type = "application/x-ndjson";
  for (const auto& each : results) write(made.body, each);
  return made;
}

}  // namespace pusher::http
