#include "http/codec_credential.hpp"
#include "http/problem.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

answer shown(int status, const result<shown_credential>& made) {
  if (!made) return made.failure();
  json_text out;
  write_credential(out, *made);
  auto answered = json_response(status, out);
  if (status == 201) answered.headers.emplace_back("Location", "/v1/credentials/" + made->value.id);
  return answered;
}

answer set_active(const call& of, bool active) {
  credential_change change;
  change.active = active;
  return shown(200, of.engine.change_credential(of.who.application, of.name(), change));
}

}  // namespace

answer create_credential(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto draft = read_credential(*body);
  if (!draft) return draft.failure();
  return shown(201, of.engine.create_credential(of.who.application, *draft));
}

answer list_credentials(const call& of) {
  auto found = of.engine.list_credentials(of.who.application);
  if (!found) return found.failure();
  return list_response(page<shown_credential>{std::move(*found), ""}, write_credential);
}

answer get_credential(const call& of) {
  return shown(200, of.engine.get_credential(of.who.application, of.name()));
}

answer change_credential(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto change = read_credential_change(*body);
  if (!change) return change.failure();
  return shown(200, of.engine.change_credential(of.who.application, of.name(), *change));
}

answer verify_credential(const call& of) {
  return shown(200, of.engine.verify_credential(of.who.application, of.name()));
}

answer activate_credential(const call& of) {
  return set_active(of, true);
}

answer deactivate_credential(const call& of) {
  return set_active(of, false);
}

answer delete_credential(const call& of) {
  auto erased = of.engine.delete_credential(of.who.application, of.name());
  if (!erased) return erased.failure();
  return empty_response();
}

}  // namespace pusher::http
