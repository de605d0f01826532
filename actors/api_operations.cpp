#include "actors/api_operations.hpp"

#include <charconv>

#include "actors/log.hpp"
#include "transports/fcm/payload.hpp"

namespace pusher {

namespace {

constexpr auto key_memory = std::chrono::seconds(1);  // a revoked key works no longer than this
constexpr size_t most_remembered_keys = 1000;
// Their lines are about 1 MiB: JSON's names add up to 200 bytes to a row.
constexpr page_bounds export_bounds{2000, 768 * 1024};

std::string to_cursor(uint64_t key) {
  return "c" + std::to_string(key);
}

result<uint64_t> from_cursor(const std::string& cursor) {
  if (cursor.empty()) return uint64_t{0};
  uint64_t key = 0;
  auto end = cursor.data() + cursor.size();
  auto [stop, fault] = std::from_chars(cursor.data() + 1, end, key);
  if (cursor[0] != 'c' || cursor.size() < 2 || fault != std::errc() || stop != end)
    return error{errc::invalid_cursor, "This cursor is not one that a list returned; start without one.", "",
                 0};
  return key;
}

message as_message(const notification_draft& draft) {
  message made;
  made.content = draft.content;
  made.android = draft.android;
  made.apns = draft.apns;
  made.webpush = draft.webpush;
  made.hms = draft.hms;
  made.collapse_key = draft.collapse_key;
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
      keys_(database_),
      devices_(database_),
      notifications_(database_),
      deliveries_(database_),
      journal_(node_->config.redis, node_->run_id, node_->consumer("api", index)) {}

result<http::principal> api_operations::authenticate(std::string_view key) {
  auto now = std::chrono::steady_clock::now();
  auto digest = sha256(key);
  if (auto known = remembered_.find(digest); known != remembered_.end()) {
    if (now < known->second.until) return known->second.who;
    remembered_.erase(known);
  }
  auto found = keys_.find(key);
  if (!found) return found.failure();
  http::principal who{found->application, found->scopes};
  if (remembered_.size() >= most_remembered_keys) remembered_.clear();
  remembered_[digest] = {who, now + key_memory};
  return who;
}

// -- devices --

result<http::registered_device> api_operations::put_device(application_id app, const device& value) {
  auto stored = devices_.put(app, value);
  if (!stored) return stored.failure();
  return http::registered_device{stored->created, std::move(stored->device)};
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

result<http::page<stored_device>> api_operations::search_devices(application_id app, const condition& where,
                                                                 const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto last = devices_.last_key(app);
  if (!last) return last.failure();
  device_reader reader;
  std::vector<device_key> keys;
  device_key position{*after};
  bool more = false;
  while (!more && position < *last) {
    auto end = devices_.scan(app, position, *last, {}, [&](const device_row& row) {
      if (more) return;
      reader.load(row);
      if (!where.matches(reader, now_ms())) return;
      if (keys.size() == request.limit)
        more = true;
      else
        keys.push_back(row.key);
    });
    if (!end) return end.failure();
    position = end->last;
    if (end->at_end) break;
  }
  http::page<stored_device> page;
  if (more) page.next = to_cursor(keys.back().value);
  if (keys.empty()) return page;
  auto loaded = devices_.load(app, keys);
  if (!loaded) return loaded.failure();
  page.items = std::move(*loaded);
  return page;
}

result<http::device_count> api_operations::count_devices(application_id app, const condition& where) {
  auto last = devices_.last_key(app);
  if (!last) return last.failure();
  device_reader reader;
  http::device_count found;
  device_key position;
  while (position < *last) {
    auto end = devices_.scan(app, position, *last, {}, [&](const device_row& row) {
      reader.load(row);
      if (where.matches(reader, now_ms())) ++found.count;
    });
    if (!end) return end.failure();
    found.looked_at += end->rows;
    position = end->last;
    if (end->at_end) break;
  }
  return found;
}

result<http::export_range> api_operations::begin_export(application_id app,
                                                        const std::optional<std::string>& after) {
  http::export_range range;
  range.as_of = now_ms();
  if (after) {
    auto found = devices_.get(app, *after);
    if (!found && found.failure().code == errc::not_found)
      return error{errc::not_found,
                   "There is no device with the id given as \"after\" any more. Take the device_id of an "
                   "earlier line, or export from the start.",
                   "", 0};
    if (!found) return found.failure();
    range.after = found->key;
  }
  auto last = devices_.last_key(app);
  if (!last) return last.failure();
  range.last = *last;
  return range;
}

result<http::exported_devices> api_operations::export_devices(application_id app, const condition& where,
                                                              const http::export_range& range) {
  http::exported_devices page;
  device_reader reader;
  auto wanted = [&](const device_row& row) {
    reader.load(row);
    return where.matches(reader, range.as_of);
  };
  auto end =
      devices_.scan_whole(app, range.after, range.last, export_bounds, wanted,
                          [&](stored_device&& each) { page.devices.push_back(std::move(each.value)); });
  if (!end) return end.failure();
  page.reached = end->last;
  page.at_end = end->at_end || !(end->last < range.last);
  return page;
}

// -- notifications --

result<void> api_operations::journal_answers() {
  auto answered = journal_.check();
  if (answered) return {};
  auto why = answered.failure();
  why.retry_after_seconds = std::max(why.retry_after_seconds, 1U);
  return why;
}

void api_operations::announce(notification_key key) {
  // Crash or failure here => the leader's next look at its worklist finds the row.
  if (auto told = journal_.announce_launch(key); !told)
    log::warn("api.launch_not_announced", {{"detail", told.failure().detail}});
  launched_();
}

result<http::created_notification> api_operations::create_notification(
    application_id app, const notification_draft& draft, const std::optional<http::idempotency>& once,
    const std::function<std::string(const notification&)>& render) {
  if (auto fits = check_fcm_message(as_message(draft)); !fits) return fits.failure();
  if (draft.launch) {
    if (auto able = journal_answers(); !able) return able.failure();
  }
  auto created = notifications_.create(app, draft, as_stored(once), render);
  if (!created) return created.failure();
  if (draft.launch && !created->replayed_body) announce(created->value.key);
  return http::created_notification{std::move(created->value), std::move(created->replayed_body)};
}

result<notification> api_operations::get_notification(application_id app, const std::string& id) {
  return notifications_.get(app, id);
}

result<http::page<notification>> api_operations::list_notifications(application_id app,
                                                                    std::optional<notification_state> state,
                                                                    const http::page_request& request) {
  auto before = from_cursor(request.cursor);
  if (!before) return before.failure();
  auto found = notifications_.list(app, state, {*before}, request.limit + 1);
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
    const std::function<std::string(const notification&)>& render) {
  if (auto able = journal_answers(); !able) return able.failure();
  auto launched = notifications_.launch(app, id, as_stored(once), render);
  if (!launched) return launched.failure();
  if (!launched->replayed_body) announce(launched->value.key);
  return http::created_notification{std::move(launched->value), std::move(launched->replayed_body)};
}

result<http::page<delivery>> api_operations::list_deliveries(application_id app, const std::string& id,
                                                             std::optional<outcome> only,
                                                             const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = deliveries_.list(app, id, only, {*after}, request.limit + 1);
  if (!found) return found.failure();
  http::page<delivery> page;
  for (auto& each : *found) {
    if (page.items.size() == request.limit) {
      page.next = to_cursor((*found)[request.limit - 1].device.value);
      break;
    }
    page.items.push_back(std::move(each.value));
  }
  return page;
}

}  // namespace pusher
