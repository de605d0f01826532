#include "http/import_chunk.hpp"

#include <vector>

#include "http/codec_device.hpp"
#include "http/import_result.hpp"
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
    return error{errc::body_too_large,
                 "A line has at most " + std::to_string(limits::import_line_bytes) + " bytes.", "", 0};
  auto body = json::parse(line);
  if (!body) return body.failure();
  return parse_imported_device(*body);
}

}  // namespace

response import_chunk(std::string_view lines, uint64_t first_line, application_id app, operations& engine) {
  std::vector<line_result> results;
  std::vector<device> devices;
  std::vector<size_t> result_of;  // devices[i] is told of in results[result_of[i]]
  for_each_line(lines, first_line, [&](uint64_t number, std::string_view line) {
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
  });
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
  for (const auto& each : results) {
    if (each.status < 300)
      append_stored(made.body, each.number, each.status == 201, each.device_id);
    else
      append_failed(made.body, each.number, each.status, each.device_id, each.why);
  }
  return made;
}

}  // namespace pusher::http
