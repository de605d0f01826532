// What clients do to a notification after its creation: change, pause, resume, cancel, delete.
#include "actors/api_operations.hpp"
#include "actors/apply_control.hpp"
#include "actors/log.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

result<notification> api_operations::change_notification(
    application_id app, const std::string& id,
    const std::function<result<notification_draft>(const notification& now)>& change) {
  return notifications_.update(app, id, [&](const notification& now) -> result<notification_draft> {
    auto draft = change(now);
    if (!draft) return draft;
    if (auto fits = check_content(app, *draft); !fits) return fits.failure();
    return draft;
  });
}

result<void> api_operations::delete_notification(
    application_id app, const std::string& id,
    const std::function<result<void>(const notification& now)>& allowed) {
  return notifications_.remove(app, id, allowed);
}

namespace {

result<notification> take_step(notification_store& on, application_id app, const std::string& id,
                               http::life_step step) {
  switch (step) {
    case http::life_step::pause:
      return on.pause(app, id);
    case http::life_step::resume:
      return on.resume(app, id);
    case http::life_step::cancel:
      return on.cancel(app, id);
  }
  return error{errc::internal, "an unknown step", "", 0};
}

control control_for(http::life_step step) {
  switch (step) {
    case http::life_step::pause:
      return control::paused;
    case http::life_step::resume:
      return control::released;
    case http::life_step::cancel:
      return control::canceled;
  }
  return control::paused;
}

}  // namespace

result<notification> api_operations::step_notification(application_id app, const std::string& id,
                                                       http::life_step step) {
  if (auto able = journal_answers(); !able) return able.failure();
  auto now = take_step(notifications_, app, id, step);
  if (!now) return now;
  fail_point("api.step_stored");
  // Crash here => the leader tells Redis at its next look. The client is answered when the senders know: from
  // then on at most what is in flight still leaves.
  if (now->launched_at != 0)
    if (auto told = apply_control(journal_, now->key, control_for(step)); !told) {
      log::warn("api.control_not_told", {{"detail", told.failure().detail}});
      return told.failure();
    }
  launched_();
  fail_point("api.step_told");
  return now;
}

}  // namespace pusher
