#include "http/codec_device.hpp"
#include "http/field_reader.hpp"
#include "http/route_handlers.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

void write_event(json_text& out, const device_event& from) {
  out.open();
  out.field("type", to_string(from.type));
  if (!from.other_device_id.empty()) out.field("other_device_id", from.other_device_id);
  if (!from.notification_id.empty()) out.field("notification_id", from.notification_id);
  out.time("at", from.at);
  out.close();
}

std::string event_types() {
  std::string names;
  for (auto each : all_device_event_types)
    names += (names.empty() ? "" : ", ") + std::string(to_string(each));
  return names;
}

}  // namespace

answer list_device_events(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  std::optional<device_event_type> only;
  if (auto named = of.asked.query.find("type"); named != of.asked.query.end()) {
    only = parse_device_event_type(named->second);
    if (!only) return fault(errc::invalid_field, "type is one of " + event_types() + ".");
  }
  auto found = of.engine.list_events(of.who.application, of.name(), only, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_event);
}

answer report_device_event(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  from.require("type");
  auto named = from.text("type", {64, 1});
  auto notification = from.text("notification_id", {64, 1});
  auto type = parse_device_event_type(named.value_or("")).value_or(device_event_type::registered);
  if (named && type != device_event_type::received && type != device_event_type::opened)
    from.fail(errc::invalid_field, "type", "A client reports received or opened.");
  if (auto done = from.finish(); !done) return done.failure();
  auto made = of.engine.report_event(of.who.application, of.name(), type, notification);
  if (!made) return made.failure();
  json_text out;
  write_event(out, *made);
  return json_response(201, out);
}

answer list_user_devices(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_user_devices(of.who.application, of.name(), *paging);
  if (!found) return found.failure();
  return list_response(*found, write_device);
}

answer erase_user(const call& of) {
  auto erased = of.engine.erase_user(of.who.application, of.name());
  if (!erased) return erased.failure();
  json_text out;
  out.open();
  out.field("user_id", of.name());
  out.key("erased");
  out.open();
  out.field("devices", erased->devices);
  out.field("events", erased->events);
  out.close();
  out.close();
  return json_response(200, out);
}

}  // namespace pusher::http
