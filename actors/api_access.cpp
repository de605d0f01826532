// Applications, API keys, and who holds one.
#include <algorithm>

#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"
#include "actors/apply_control.hpp"
#include "actors/log.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

namespace {

using clock = http::key_ring::clock;

template <class T, class Key>
http::page<T> as_page(std::vector<T> found, size_t limit, Key key) {
  http::page<T> page;
  page.items = std::move(found);
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next = to_cursor(key(page.items.back()));
  }
  return page;
}

}  // namespace

result<http::principal> api_operations::authenticate(std::string_view key) {
  fail_point("api.serving");
  if (auto known = node_->keys->find(key, clock::now())) return *known;
  auto generation = node_->keys->generation();
  auto found = looks_like_api_key(key)
                   ? keys_.find(key)
                   : result<api_key_store::found_key>(error{errc::unauthenticated, "", "", 0});
  if (!found && found.failure().code == errc::unauthenticated) {
    node_->keys->forget(key);
    // Whether there never was such a key, or it was revoked, or has expired, is nobody's business.
    return error{errc::unauthenticated, "This API key is not valid.", "", 0};
  }
  if (!found) return found.failure();
  const auto& value = found->value;
  http::principal who{value.application, value.scopes, value.application_name == default_application,
                      found->suspended, value.application_name};
  node_->keys->remember(key,
                        {who, value.key, value.requests_per_second,
                         std::chrono::milliseconds(std::max<utc_ms>(found->lives_for, 0))},
                        generation, clock::now());
  return who;
}

std::string api_operations::seal_cursor(application_id app, const std::string& cursor) {
  return seal(cursor_key_, std::to_string(app.value) + ":" + cursor);
}

/// A cursor as the stores know it is taken as well: it tells nobody anything that he did not know.
result<std::string> api_operations::open_cursor(application_id app, const std::string& sealed) {
  auto opened = unseal(cursor_key_, sealed);
  if (!opened) return sealed;
  auto owner = std::to_string(app.value) + ":";
  if (opened->rfind(owner, 0) != 0) return foreign_cursor();
  return opened->substr(owner.size());
}

// -- applications --

/// Whatever was changed takes effect here before the client is told; the keepers of other nodes notice.
template <class T>
result<T> api_operations::changed(result<T> made) {
  if (made) node_->keys->distrust();
  return made;
}

result<http::created_application> api_operations::create_application(
    const std::string& name, const std::optional<std::string>& idempotency_key) {
  auto made = applications_.create(name, idempotency_key);
  if (!made) return made.failure();
  if (!made->replayed) log::info("application.created", {{"application", made->value.name}});
  return http::created_application{std::move(made->value), made->replayed};
}

result<http::page<application>> api_operations::list_applications(const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = applications_.list({*after}, request.limit + 1);
  if (!found) return found.failure();
  return as_page(std::move(*found), request.limit, [](const application& each) { return each.key.value; });
}

result<application> api_operations::find_application(const std::string& name_or_id) {
  return applications_.find(name_or_id);
}

result<application> api_operations::get_application(application_id app) {
  return applications_.get(app);
}

result<application> api_operations::change_application(application_id app, const application_change& how) {
  return changed(applications_.change(app, how));
}

result<application> api_operations::suspend_application(application_id app) {
  auto suspended = changed(applications_.suspend(app));
  if (!suspended) return suspended;
  log::info("application.suspended", {{"application", suspended->name}});
  hold_back(app, control::paused);
  return suspended;
}

result<application> api_operations::resume_application(application_id app) {
  auto resumed = changed(applications_.resume(app));
  // The leader of fan-out frees what was held.
  if (resumed) log::info("application.resumed", {{"application", resumed->name}});
  return resumed;
}

result<void> api_operations::delete_application(application_id app) {
  auto known = applications_.get(app);
  if (!known) return known.failure();
  auto under_way = applications_.under_way(app);
  if (!under_way) return under_way.failure();
  if (auto gone = applications_.remove(app); !gone) return gone;
  node_->keys->distrust();
  log::info("application.deleted", {{"application", known->name}});
  hold_back(*under_way, control::canceled);
  return {};
}

void api_operations::hold_back(application_id app, control how) {
  auto under_way = applications_.under_way(app);
  if (under_way) hold_back(*under_way, how);
}

/// Crash or failure here => the leader of fan-out tells the senders at its next poll.
void api_operations::hold_back(const std::vector<notification_key>& under_way, control how) {
  for (auto key : under_way) {
    auto told = apply_control(journal_, key, how);
    if (told) continue;
    log::warn("api.control_not_told", {{"detail", told.failure().detail}});
    return;
  }
}

// -- keys --

result<made_api_key> api_operations::create_key(application_id app, const api_key_wish& wish,
                                                const std::optional<std::string>& idempotency_key) {
  return keys_.create(app, wish, idempotency_key);
}

result<http::page<api_key>> api_operations::list_keys(application_id app, const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = keys_.list(app, {*after}, request.limit + 1);
  if (!found) return found.failure();
  return as_page(std::move(*found), request.limit, [](const api_key& each) { return each.key.value; });
}

result<api_key> api_operations::get_key(application_id app, const std::string& id) {
  return keys_.get(app, id);
}

result<api_key> api_operations::change_key(application_id app, const std::string& id,
                                           const std::function<result<void>(api_key&)>& change) {
  return changed(keys_.update(app, id, change));
}

result<made_api_key> api_operations::rotate_key(application_id app, const std::string& id,
                                                std::optional<utc_ms> overlap) {
  return changed(keys_.rotate(app, id, overlap));
}

result<void> api_operations::revoke_key(application_id app, const std::string& id) {
  return changed(keys_.revoke(app, id));
}

}  // namespace pusher
