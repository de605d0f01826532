#include "http/codec_notification.hpp"
#include "http/codec_rehearsal.hpp"
#include "http/field_reader.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

answer rehearsed(const call& of, const notification_draft& draft, const rehearsal_wish& wish) {
  auto made = of.engine.rehearse(of.who.application, draft, wish);
  if (!made) return made.failure();
  json_text out;
  write_rehearsal(out, *made);
  return json_response(200, out);
}

}  // namespace

answer rehearse_notification(const call& of) {
  rehearsal_wish wish;
  if (!of.asked.body.empty()) {
    auto body = read_body(of);
    if (!body) return body.failure();
    auto read = take_rehearsal_wish(*body);
    if (!read) return read.failure();
    field_reader rest(*body, "");
    (void)rest.any("locales");
    (void)rest.any("device_id");
    if (auto done = rest.finish(); !done) return done.failure();
    wish = std::move(*read);
  }
  auto found = of.engine.get_notification(of.who.application, of.name());
  if (!found) return found.failure();
  return rehearsed(of, found->draft, wish);
}

answer rehearse_draft(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto wish = take_rehearsal_wish(*body);
  if (!wish) return wish.failure();
  auto draft = parse_notification(*body);
  if (!draft) return draft.failure();
  return rehearsed(of, *draft, *wish);
}

}  // namespace pusher::http
