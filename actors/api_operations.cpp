#include "actors/api_operations.hpp"

#include <algorithm>

#include "actors/api_cursor.hpp"
#include "actors/log.hpp"
#include "actors/message_check.hpp"
#include "actors/sender_transports.hpp"
#include "storage/fail_point.hpp"
#include "storage/refusal_watch.hpp"

namespace pusher {

namespace {

message as_message(const notification_draft& draft) {
  auto made = message_of(draft);
  made.expires_at = now_ms() + utc_ms{draft.ttl_seconds} * 1000;
  return made;
}

std::optional<notification_store::idempotency> as_stored(const std::optional<http::idempotency>& once) {
  if (!once) return std::nullopt;
  return notification_store::idempotency{once->key, once->request};
}

}  // namespace

api_operations::api_operations(node_context_ptr node, unsigned index, std::function<void()> launched)
    : node_(std::move(node)),
      launched_(std::move(launched)),
      database_(node_->config.mysql),
      applications_(database_),
      keys_(database_),
      devices_(database_),
      notifications_(database_, node_->config.retained.kept.idempotency_hours),
      deliveries_(database_),
      segments_(database_),
      indexes_(database_),
      holds_(database_),
      credentials_(database_),
      history_(database_),
      webhooks_(database_),
      reports_(database_),
      feed_(database_),
      journal_generation_(node_->journal_generation()),
      journal_(node_->config.redis, node_->run_id(), node_->consumer("api", index)),
      cursor_key_(sha256("cursors of " + node_->installation)) {}

void api_operations::follow_journal() {
  auto now = node_->journal_generation();
  if (now == journal_generation_) return;
  journal_generation_ = now;
  journal_.work_under(node_->run_id());
}

// -- devices --

result<http::registered_device> api_operations::put_device(application_id app, const device& value) {
  auto stored = devices_.put(app, value);
  if (!stored) return stored.failure();
  return http::registered_device{stored->created, std::move(stored->device)};
}

result<std::vector<http::registered_device>> api_operations::put_devices(application_id app,
                                                                         const std::vector<device>& values) {
  auto stored = devices_.put(app, values);
  if (!stored) return stored.failure();
  std::vector<http::registered_device> registered;
  for (auto& each : *stored)
    registered.push_back({each.created, std::move(each.device)});
  return registered;
}

result<std::vector<bool>> api_operations::delete_devices(application_id app,
                                                         const std::vector<std::string>& device_ids) {
  return devices_.erase(app, device_ids);
}

result<stored_device> api_operations::get_device(application_id app, const std::string& device_id) {
  return devices_.get(app, device_id);
}

result<stored_device> api_operations::patch_device(application_id app, const std::string& device_id,
                                                   const std::function<result<void>(device&)>& change) {
  return devices_.update(app, device_id, change);
}

result<void> api_operations::delete_device(application_id app, const std::string& device_id) {
  return devices_.erase(app, device_id);
}

result<std::vector<bool>> api_operations::import_devices(application_id app,
                                                         const std::vector<device>& values) {
  return devices_.import(app, values);
}

// -- notifications --

result<void> api_operations::check_content(application_id app, const notification_draft& draft) {
  auto channels = remembered_channels_of(app);
  if (!channels) return channels.failure();
  return check_for_gateways(as_message(draft), *channels);
}

result<void> api_operations::may_launch(application_id app) {
  if (auto light = node_->load.may_launch(node_->config.limits, app); !light) return light;
  if (mariadb_room().lately())
    return error{errc::overloaded, "MariaDB has no room for more rows: make room on its disk; launch then",
                 "", 5};
  return journal_answers();
}

result<void> api_operations::journal_answers() {
  auto answered = journal_.check();
  // One whose disk is full answers reads; that it takes no writes shows in the keeper's heartbeat.
  if (answered && !node_->board.ok(check_redis))
    answered = error{errc::journal_unavailable, "Redis takes no writes: /readyz of the node says why", "", 1};
  if (answered) return {};
  auto why = answered.failure();
  why.retry_after_seconds = std::max(why.retry_after_seconds, 1U);
  return why;
}

void api_operations::announce(const std::vector<notification_key>& keys) {
  if (keys.empty()) return;
  fail_point("api.stored");
  // Crash or failure here => the leader's next look at its worklist finds the row.
  if (auto told = journal_.announce_launches(keys); !told)
    log::warn("api.launch_not_announced", {{"detail", told.failure().detail}});
  launched_();
  fail_point("api.announced");
}

result<http::created_notification> api_operations::create_notification(
    application_id app, const notification_draft& draft, const std::optional<http::idempotency>& once,
    const std::function<std::string(const notification&)>& render) {
  return std::move(create_notifications(app, {{draft, once}}, render).front());
}

std::vector<result<http::created_notification>> api_operations::create_notifications(
    application_id app, const std::vector<http::wished_notification>& wished,
    const std::function<std::string(const notification&)>& render) {
  auto launches = [](const auto& each) { return each.draft.launch; };
  auto able = std::any_of(wished.begin(), wished.end(), launches) ? may_launch(app) : result<void>();
  std::vector<result<void>> allowed;
  std::vector<notification_store::wish> good;
  for (const auto& each : wished) {
    allowed.push_back(check_content(app, each.draft));
    if (allowed.back() && each.draft.launch) allowed.back() = able;
    if (allowed.back()) good.push_back({&each.draft, as_stored(each.once)});
  }
  auto created = notifications_.create(app, good, render);
  auto next = created.begin();
  std::vector<result<http::created_notification>> made;
  std::vector<notification_key> launched;
  for (size_t i = 0; i < wished.size(); ++i) {
    if (!allowed[i]) {
      made.emplace_back(allowed[i].failure());
      continue;
    }
    auto each = std::move(*next++);
    if (each && wished[i].draft.launch && !each->replayed_body) launched.push_back(each->value.key);
    if (each)
      made.emplace_back(http::created_notification{std::move(each->value), std::move(each->replayed_body)});
    else
      made.emplace_back(each.failure());
  }
  announce(launched);
  return made;
}

result<notification> api_operations::get_notification(application_id app, const std::string& id) {
  return notifications_.get(app, id);
}

result<http::page<notification>> api_operations::list_notifications(application_id app,
                                                                    const notification_filter& wanted,
                                                                    const http::page_request& request) {
  auto before = from_cursor(request.cursor);
  if (!before) return before.failure();
  auto found = notifications_.list(app, wanted, {*before}, request.limit + 1);
  if (!found) return found.failure();
  http::page<notification> page;
  page.items = std::move(*found);
  if (page.items.size() > request.limit) {
    page.items.resize(request.limit);
    page.next = to_cursor(page.items.back().key.value);
  }
  return page;
}

result<http::created_notification> api_operations::launch_notification(
    application_id app, const std::string& id, const std::optional<http::idempotency>& once,
    const std::function<std::string(const notification&)>& render, const std::string& trace_parent) {
  if (auto able = may_launch(app); !able) return able.failure();
  auto launched = notifications_.launch(app, id, as_stored(once), render, trace_parent);
  if (!launched) return launched.failure();
  if (!launched->replayed_body) announce({launched->value.key});
  return http::created_notification{std::move(launched->value), std::move(launched->replayed_body)};
}

}  // namespace pusher
