#include "http/codec_webhook.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

answer webhook_response(const result<described_webhook>& found) {
  if (!found) return found.failure();
  json_text out;
  write_webhook(out, *found);
  return json_response(200, out);
}

response secret_response(int status, const webhook_with_secret& made) {
  json_text out;
  write_webhook_with_secret(out, made);
  auto shown = json_response(status, out);
  shown.headers.emplace_back("Cache-Control", "no-store");
  return shown;
}

}  // namespace

answer create_webhook(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto options = parse_webhook(*body);
  if (!options) return options.failure();
  auto made = of.engine.create_webhook(of.who.application, *options);
  if (!made) return made.failure();
  auto shown = secret_response(201, *made);
  shown.headers.emplace_back("Location", "/v1/webhooks/" + made->made.value.id);
  return shown;
}

answer list_webhooks(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_webhooks(of.who.application, *paging);
  if (!found) return found.failure();
  return list_response(*found, write_webhook);
}

answer get_webhook(const call& of) {
  return webhook_response(of.engine.get_webhook(of.who.application, of.name()));
}

answer change_webhook(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  return webhook_response(
      of.engine.change_webhook(of.who.application, of.name(),
                               [&body](webhook_options& options) { return patch_webhook(*body, options); }));
}

answer delete_webhook(const call& of) {
  auto gone = of.engine.delete_webhook(of.who.application, of.name());
  if (!gone) return gone.failure();
  return empty_response();
}

answer rotate_webhook_secret(const call& of) {
  auto made = of.engine.rotate_webhook_secret(of.who.application, of.name());
  if (!made) return made.failure();
  return secret_response(200, *made);
}

answer enable_webhook(const call& of) {
  return webhook_response(
      of.engine.change_webhook(of.who.application, of.name(), [](webhook_options& options) -> result<void> {
        options.enabled = true;
        return {};
      }));
}

answer test_webhook(const call& of) {
  auto made = of.engine.test_webhook(of.who.application, of.name());
  if (!made) return made.failure();
  json_text out;
  write_webhook_attempt(out, *made);
  return json_response(200, out);
}

answer replay_webhook(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto from = parse_webhook_start(*body);
  if (!from) return from.failure();
  return webhook_response(of.engine.replay_webhook(of.who.application, of.name(), *from));
}

answer list_webhook_attempts(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_webhook_attempts(of.who.application, of.name(), *paging);
  if (!found) return found.failure();
  return list_response(*found, write_webhook_attempt);
}

}  // namespace pusher::http
