
#include "http/codec_device.hpp"
#include "http/import_chunk.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

response device_response(int status, const stored_device& device) {
  json_text out;
  write_device(out, device);
  return json_response(status, out);
}

}  // namespace

result<device> read_device(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  return parse_device(*body, of.name());
}

response registered_response(const request& asked, const registered_device& stored) {
  auto made = device_response(stored.created ? 201 : 200, stored.device);
  if (stored.created) made.headers.emplace_back("Location", asked.path);
  return made;
}

answer put_device(const call& of) {
  auto parsed = read_device(of);
  if (!parsed) return parsed.failure();
  auto stored = of.engine.put_device(of.who.application, *parsed);
  if (!stored) return stored.failure();
  return registered_response(of.asked, *stored);
}

answer get_device(const call& of) {
  auto found = of.engine.get_device(of.who.application, of.name());
  if (!found) return found.failure();
  return device_response(200, *found);
}

answer look_up_device(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto wanted = parse_token_query(*body);
  if (!wanted) return wanted.failure();
  auto found = of.engine.find_token(of.who.application, *wanted);
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
  return empty_response();
}

/// One chunk of an import; http/import_stream.hpp cuts the client's body into chunks.
answer import_devices(const call& of) {
  if (of.asked.parsed) return store_import(*of.asked.parsed, of.who.application, of.engine);
  return store_import(*parse_import(of.asked.body, 1), of.who.application, of.engine);
}

}  // namespace pusher::http
