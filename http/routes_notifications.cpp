#include <charconv>

#include "http/codec_notification.hpp"
#include "http/etag.hpp"
#include "http/route_handlers.hpp"
#include "http/routes.hpp"

namespace pusher::http {

namespace {

result<std::optional<idempotency>> read_idempotency(const request& asked) {
  auto key = read_idempotency_key(asked);
  if (!key) return key.failure();
  if (!*key) return std::optional<idempotency>();
  return std::optional(idempotency{std::move(**key), sha256(asked.path + "\n" + asked.body)});
}

response notification_response(int status, const request& asked, const notification& from) {
  response made;
  made.status = status;
  made.body = notification_body(from);
  return tagged(std::move(made), asked, std::to_string(from.revision));
}

/// The answer of a call that may have been made before under the same key.
response once_only(int status, const request& asked, created_notification&& made) {
  if (!made.replayed_body) return notification_response(status, asked, made.created);
  response shown;
  shown.status = status;
  shown.headers.emplace_back("Idempotency-Replayed", "true");
  shown.body = std::move(*made.replayed_body);
  return shown;
}

/// When a UUIDv7 was made; nothing for any other text.
std::optional<utc_ms> time_of_uuid_v7(const std::string& text) {
  if (!is_uuid(text) || text[14] != '7') return std::nullopt;
  auto digits = text.substr(0, 8) + text.substr(9, 4);
  utc_ms time = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), time, 16);
  return time;
}

/// For logs and traces.
void note_launch(response& made, const principal& who, const std::string& id) {
  made.internal[launched_note] = id;
  made.internal[application_note] = who.application_name;
}

const char* past_of(life_step step) {
  switch (step) {
    case life_step::pause:
      return "paused";
    case life_step::resume:
      return "resumed";
    case life_step::cancel:
      return "canceled";
  }
  return "";
}

answer take_step(const call& of, life_step step) {
  auto now = of.engine.step_notification(of.who.application, of.name(), step);
  if (!now) return now.failure();
  auto made = notification_response(202, of.asked, *now);
  made.internal[step_note] = past_of(step);
  made.internal[stepped_note] = now->id;
  made.internal[application_note] = of.who.application_name;
  return made;
}

}  // namespace

result<wished_notification> read_wish(const call& of) {
  auto once = read_idempotency(of.asked);
  if (!once) return once.failure();
  auto body = read_body(of);
  if (!body) return body.failure();
  auto draft = parse_notification(*body);
  if (!draft) return draft.failure();
  draft->trace_parent = of.asked.trace_parent();
  return wished_notification{std::move(*draft), std::move(*once)};
}

response created_response(const request& asked, const principal& who, created_notification&& created) {
  auto id = created.created.id;
  bool launched = created.created.draft.launch && !created.replayed_body;
  auto made = once_only(201, asked, std::move(created));
  if (launched) note_launch(made, who, id);
  // What is replayed may have been deleted since.
  if (!id.empty()) made.headers.emplace_back("Location", "/v1/notifications/" + id);
  return made;
}

answer create_notification(const call& of) {
  auto wished = read_wish(of);
  if (!wished) return wished.failure();
  auto created =
      of.engine.create_notification(of.who.application, wished->draft, wished->once, notification_body);
  if (!created) return created.failure();
  return created_response(of.asked, of.who, std::move(*created));
}

answer get_notification(const call& of) {
  auto found = of.engine.get_notification(of.who.application, of.name());
  if (!found) return found.failure();
  return notification_response(200, of.asked, *found);
}

answer launch_notification(const call& of) {
  auto once = read_idempotency(of.asked);
  if (!once) return once.failure();
  auto launched = of.engine.launch_notification(of.who.application, of.name(), *once, notification_body,
                                                of.asked.trace_parent());
  if (!launched) return launched.failure();
  auto id = launched->replayed_body ? std::string() : launched->created.id;
  auto made = once_only(202, of.asked, std::move(*launched));
  if (!id.empty()) note_launch(made, of.who, id);
  return made;
}

answer change_notification(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  auto changed = of.engine.change_notification(
      of.who.application, of.name(), [&](const notification& now) -> result<notification_draft> {
        if (auto good = may_change(of.asked, std::to_string(now.revision)); !good) return good.failure();
        return patch_notification(now, *body);
      });
  if (!changed) return changed.failure();
  return notification_response(200, of.asked, *changed);
}

answer delete_notification(const call& of) {
  auto gone = of.engine.delete_notification(of.who.application, of.name(), [&](const notification& now) {
    return may_change(of.asked, std::to_string(now.revision));
  });
  if (!gone) return gone.failure();
  return empty_response();
}

answer pause_notification(const call& of) {
  return take_step(of, life_step::pause);
}

answer resume_notification(const call& of) {
  return take_step(of, life_step::resume);
}

answer cancel_notification(const call& of) {
  return take_step(of, life_step::cancel);
}

error explained_absence(const call& of, error why) {
  // With a second name in the path it may be that one which is not there.
  if (why.code != errc::not_found || !why.pointer.empty() || of.names.size() != 1) return why;
  auto made = time_of_uuid_v7(of.name());
  if (!made) return why;
  auto owner = of.engine.get_application(of.who.application);
  if (!owner) return why;
  auto days = owner->kept.over(of.engine.usual_retention()).notification_days;
  if (days == 0 || *made >= now_ms() - utc_ms{days} * 86'400'000) return why;
  if (!why.detail.empty() && why.detail.back() == '.') why.detail.pop_back();
  why.detail += ". It may have been purged: what is settled stays for " + std::to_string(days) + " day" +
                (days == 1 ? "" : "s") + ", and this id is older";
  return why;
}

}  // namespace pusher::http
