#include "http/import_chunk.hpp"

#include "http/codec_device.hpp"
#include "http/import_result.hpp"
#include "http/problem.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

result<device> parse_line(std::string_view line) {
  if (line.size() > limits::import_line_bytes)
    return error{errc::body_too_large,
                 "A line has at most " + std::to_string(limits::import_line_bytes) + " bytes.", "", 0};
  auto body = json::parse(line);
  if (!body) return body.failure();
  return parse_imported_device(*body);
}

}  // namespace

std::shared_ptr<parsed_import> parse_import(std::string_view lines, uint64_t first_line) {
  auto made = std::make_shared<parsed_import>();
  for_each_line(lines, first_line, [&](uint64_t number, std::string_view line) {
    auto parsed = parse_line(line);
    auto& each = made->lines.emplace_back();
    each.number = number;
    if (parsed) {
      each.device_id = parsed->device_id;
      made->line_of.push_back(made->lines.size() - 1);
      made->devices.push_back(std::move(*parsed));
    } else {
      each.status = kind_of(parsed.failure().code).status;
      each.why = parsed.failure();
    }
  });
  return made;
}

response store_import(parsed_import& chunk, application_id app, operations& engine) {
  if (!chunk.devices.empty()) {
    auto stored = engine.import_devices(app, chunk.devices);
    for (size_t i = 0; i < chunk.devices.size(); ++i) {
      auto& each = chunk.lines[chunk.line_of[i]];
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
  for (const auto& each : chunk.lines) {
    if (each.status < 300)
      append_stored(made.body, each.number, each.status == 201, each.device_id);
    else
      append_failed(made.body, each.number, each.status, each.device_id, each.why);
  }
  return made;
}

}  // namespace pusher::http
