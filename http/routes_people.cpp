#include "http/codec_device.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

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
