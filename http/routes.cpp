#include "http/routes.hpp"

#include <algorithm>
#include <exception>

#include "http/gorush.hpp"
#include "http/path.hpp"
#include "http/problem.hpp"
#include "http/route_handlers.hpp"
#include "http/text.hpp"
#include "model/json.hpp"

namespace pusher::http {

namespace {

using handler = answer (*)(const call&);

struct route {
  const char* method;
  const char* pattern;
  scope needed;
  handler handle;
  query_names query = {};  ///< the parameters that it takes
};

constexpr route routes[] = {
    {"GET", "/openapi.json", scope::none, describe_api},
    {"GET", "/docs", scope::none, show_docs},
    {"GET", "/console", scope::none, show_console},
    {"GET", "/console/{file}", scope::none, show_console_file},
    {"GET", "/v1/access", scope::any, show_access},
    {"POST", "/v1/devices:import", scope::devices, import_devices},
    {"GET", "/v1/devices:export", scope::devices, export_devices, {"after"}},
    {"POST", "/v1/devices:export", scope::devices, export_devices},
    {"POST", "/v1/devices:search", scope::devices, search_devices},
    {"POST", "/v1/devices:count", scope::devices, count_devices},
    {"POST", "/v1/devices:lookup", scope::devices, look_up_device},
    {"GET",
     "/v1/devices/{device_id}/events",
     scope::devices,
     list_device_events,
     {"type", "notification_id", "limit", "cursor"}},
    {"POST", "/v1/devices/{device_id}/events", scope::devices, report_device_event},
    {"PUT", "/v1/devices/{device_id}", scope::devices, put_device},
    {"GET", "/v1/devices/{device_id}", scope::devices, get_device},
    {"PATCH", "/v1/devices/{device_id}", scope::devices, change_device},
    {"DELETE", "/v1/devices/{device_id}", scope::devices, delete_device},
    {"GET", "/v1/users/{user_id}:export", scope::devices, export_user, {"cursor"}},
    {"GET", "/v1/users/{user_id}/devices", scope::devices, list_user_devices, {"limit", "cursor"}},
    {"DELETE", "/v1/users/{user_id}", scope::devices, erase_user},
    {"GET", "/v1/segments", scope::devices, list_segments, {"limit", "cursor"}},
    {"PUT", "/v1/segments/{name}", scope::devices, put_segment},
    {"GET", "/v1/segments/{name}", scope::devices, get_segment, {"count"}},
    {"DELETE", "/v1/segments/{name}", scope::devices, delete_segment},
    {"GET", "/v1/indexed-properties", scope::devices, get_indexed_properties},
    {"PUT", "/v1/indexed-properties", scope::devices, put_indexed_properties},
    {"GET", "/v1/gateways", scope::read, list_gateways},
    {"GET", "/v1/gateway-states", scope::admin, list_gateway_states},
    {"GET", "/v1/dead-letters", scope::admin, list_dead_letters, {"limit", "cursor"}},
    {"POST", "/v1/dead-letters/{id}:requeue", scope::admin, requeue_dead_letter},
    {"POST", "/v1/dead-letters/{id}:drop", scope::admin, drop_dead_letter},
    {"POST", "/v1/credentials", scope::admin, create_credential},
    {"GET", "/v1/credentials", scope::admin, list_credentials},
    {"POST", "/v1/credentials/{id}:verify", scope::admin, verify_credential},
    {"POST", "/v1/credentials/{id}:activate", scope::admin, activate_credential},
    {"POST", "/v1/credentials/{id}:deactivate", scope::admin, deactivate_credential},
    {"GET", "/v1/credentials/{id}", scope::admin, get_credential},
    {"PATCH", "/v1/credentials/{id}", scope::admin, change_credential},
    {"DELETE", "/v1/credentials/{id}", scope::admin, delete_credential},
    {"GET", "/v1/token-holds", scope::read, list_token_holds},
    {"POST", "/v1/token-holds/{id}:confirm", scope::admin, confirm_token_hold},
    {"POST", "/v1/token-holds/{id}:undo", scope::admin, undo_token_hold},
    {"POST", "/v1/webhooks", scope::admin, create_webhook},
    {"GET", "/v1/webhooks", scope::admin, list_webhooks, {"limit", "cursor"}},
    {"POST", "/v1/webhooks/{id}:rotate-secret", scope::admin, rotate_webhook_secret},
    {"POST", "/v1/webhooks/{id}:enable", scope::admin, enable_webhook},
    {"POST", "/v1/webhooks/{id}:test", scope::admin, test_webhook},
    {"POST", "/v1/webhooks/{id}:replay", scope::admin, replay_webhook},
    {"GET", "/v1/webhooks/{id}/attempts", scope::admin, list_webhook_attempts, {"limit", "cursor"}},
    {"GET", "/v1/webhooks/{id}", scope::admin, get_webhook},
    {"PATCH", "/v1/webhooks/{id}", scope::admin, change_webhook},
    {"DELETE", "/v1/webhooks/{id}", scope::admin, delete_webhook},
    {"GET", "/v1/events", scope::read, read_feed, {"type", "limit", "cursor"}},
    {"POST", "/v1/events:report", scope::devices, report_events},
    {"POST", "/v1/notifications", scope::send, create_notification},
    {"GET",
     "/v1/notifications:export",
     scope::read,
     export_notifications,
     {"state", "external_id", "created_from", "created_to", "cursor"}},
    {"GET",
     "/v1/notifications/{id}/deliveries:export",
     scope::read,
     export_deliveries,
     {"outcome", "gateway", "code", "device_id", "cursor"}},
    {"GET",
     "/v1/notifications",
     scope::read,
     list_notifications,
     {"state", "external_id", "created_from", "created_to", "limit", "cursor"}},
    {"POST", "/v1/notifications:rehearse", scope::send, rehearse_draft},
    {"POST", "/v1/notifications/{id}:rehearse", scope::send, rehearse_notification},
    {"POST", "/v1/notifications/{id}:launch", scope::send, launch_notification},
    {"POST", "/v1/notifications/{id}:pause", scope::send, pause_notification},
    {"POST", "/v1/notifications/{id}:resume", scope::send, resume_notification},
    {"POST", "/v1/notifications/{id}:cancel", scope::send, cancel_notification},
    {"PATCH", "/v1/notifications/{id}", scope::send, change_notification},
    {"DELETE", "/v1/notifications/{id}", scope::send, delete_notification},
    {"GET",
     "/v1/notifications/{id}/deliveries",
     scope::read,
     list_deliveries,
     {"outcome", "gateway", "code", "device_id", "limit", "cursor"}},
    {"GET", "/v1/notifications/{id}/outcomes", scope::read, show_outcomes},
    {"GET", "/v1/notifications/{id}/progress", scope::read, follow_progress},
    {"GET", "/v1/notifications/{id}/deliveries/{device_id}", scope::read, explain_delivery},
    {"GET", "/v1/notifications/{id}", scope::read, get_notification},
    {"POST", "/api/push", scope::send, push_for_gorush},
    {"POST", "/v1/applications", scope::admin, create_application},
    {"GET", "/v1/applications", scope::admin, list_applications, {"limit", "cursor"}},
    {"POST", "/v1/applications/{application}:suspend", scope::admin, suspend_application},
    {"POST", "/v1/applications/{application}:resume", scope::admin, resume_application},
    {"GET", "/v1/applications/{application}", scope::admin, get_application},
    {"PATCH", "/v1/applications/{application}", scope::admin, change_application},
    {"DELETE", "/v1/applications/{application}", scope::admin, delete_application},
    {"POST", "/v1/applications/{application}/keys", scope::admin, create_key},
    {"GET", "/v1/applications/{application}/keys", scope::admin, list_keys, {"limit", "cursor"}},
    {"POST", "/v1/applications/{application}/keys/{key_id}:rotate", scope::admin, rotate_key},
    {"GET", "/v1/applications/{application}/keys/{key_id}", scope::admin, get_key},
    {"PATCH", "/v1/applications/{application}/keys/{key_id}", scope::admin, change_key},
    {"DELETE", "/v1/applications/{application}/keys/{key_id}", scope::admin, delete_key},
    {"POST", "/v1/keys", scope::admin, create_key},
    {"GET", "/v1/keys", scope::admin, list_keys, {"limit", "cursor"}},
    {"POST", "/v1/keys/{key_id}:rotate", scope::admin, rotate_key},
    {"GET", "/v1/keys/{key_id}", scope::admin, get_key},
    {"PATCH", "/v1/keys/{key_id}", scope::admin, change_key},
    {"DELETE", "/v1/keys/{key_id}", scope::admin, delete_key},
};

result<void> only_known(const std::map<std::string, std::string>& query, const query_names& known) {
  for (const auto& [name, value] : query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto near = json::nearest(name, known.begin(), known.size());
    return fault(errc::unknown_field,
                 "There is no query parameter \"" + name.substr(0, 64) + "\" here." +
                     (near.empty() ? "" : " Did you mean \"" + std::string(near) + "\"?"));
  }
  return {};
}

result<principal> authenticate(const request& asked, operations& engine) {
  auto key = bearer_key(asked);
  if (!key)
    return fault(errc::unauthenticated,
                 "Send an API key as \"Authorization: Bearer KEY\"; `pusher keys create` makes one.");
  auto who = engine.authenticate(*key);
  if (who && who->suspended)
    return fault(errc::application_suspended,
                 "The application of this API key is suspended; an operator can resume it.");
  return who;
}

/// What may be done at a path; asked without a key, as browsers ask.
response options_answer(std::string allowed) {
  auto made = empty_response();
  made.headers.emplace_back("Allow", std::move(allowed));
  return made;
}

/// `.../{id}:verb`. In the table such a route stands before that of `.../{id}`.
bool names_a_verb(std::string_view pattern) {
  auto colon = pattern.rfind(':');
  return colon != std::string_view::npos && pattern.find('/', colon) == std::string_view::npos;
}

/// A route that was found, for a caller who may take it.
struct routed {
  const route* taken;
  call made;
};

result<std::variant<routed, response>> find_route(const request& asked, operations& engine) {
  auto method = asked.method == "HEAD" ? std::string("GET") : asked.method;
  if (asked.method == "OPTIONS" && asked.path == "*")
    return std::variant<routed, response>(options_answer("GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"));
  std::string allowed;
  bool verb = false;
  for (const auto& each : routes) {
    // An id may have a colon, but what is a verb is never taken for the end of one: `DELETE .../u-7:export`
    // would erase another user.
    if (verb && !names_a_verb(each.pattern)) continue;
    auto names = match(each.pattern, asked.path);
    if (!names) continue;
    verb = names_a_verb(each.pattern);
    if (method != each.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(each.method);
      continue;
    }
    result<principal> who = principal{};
    if (each.needed != scope::none) who = authenticate(asked, engine);
    if (!who) return who.failure();
    if (each.needed != scope::none && !who->may(each.needed))
      return fault(errc::forbidden,
                   "This API key lacks the scope \"" + std::string(to_string(each.needed)) + "\".");
    if (auto known = only_known(asked.query, each.query); !known) return known.failure();
    return std::variant<routed, response>(routed{&each, {asked, engine, *who, std::move(*names)}});
  }
  if (!allowed.empty())
    allowed += (allowed.find("GET") == std::string::npos ? ", " : ", HEAD, ") + std::string("OPTIONS");
  if (!allowed.empty() && method == "OPTIONS")
    return std::variant<routed, response>(options_answer(std::move(allowed)));
  if (allowed.empty())
    return fault(errc::route_not_found, "There is nothing at this path; see the API's documentation.");
  auto made = problem(fault(errc::method_not_allowed, "This path takes " + allowed + "."), asked);
  made.headers.emplace_back("Allow", allowed);
  return std::variant<routed, response>(std::move(made));
}

/// A request that goes on with a list.
answer handle_page(const routed& to, const std::string& sealed) {
  auto cursor = to.made.engine.open_cursor(to.made.who.application, sealed);
  if (!cursor) return cursor.failure();
  auto asked = to.made.asked;
  asked.query["cursor"] = std::move(*cursor);
  return to.taken->handle({asked, to.made.engine, to.made.who, to.made.names});
}

void seal_next_cursor(response& made, const call& of) {
  auto next = made.internal.find(next_cursor_note);
  if (next == made.internal.end()) return;
  auto tail = next->second + "\"}";
  if (made.body.size() < tail.size() ||
      made.body.compare(made.body.size() - tail.size(), tail.size(), tail) != 0)
    return;
  made.body.resize(made.body.size() - tail.size());
  made.body += of.engine.seal_cursor(of.who.application, next->second) + "\"}";
  made.internal.erase(next);
}

bool is_about_a_notification(const request& asked) {
  return asked.path.rfind("/v1/notifications/", 0) == 0;
}

answer route_request(const request& asked, operations& engine) {
  auto found = find_route(asked, engine);
  if (!found) return found.failure();
  if (auto* refused = std::get_if<response>(&*found)) return std::move(*refused);
  auto& to = std::get<routed>(*found);
  auto given = asked.query.find("cursor");
  auto made = given == asked.query.end() ? to.taken->handle(to.made) : handle_page(to, given->second);
  if (made) seal_next_cursor(*made, to.made);
  if (!made && is_about_a_notification(asked)) return explained_absence(to.made, made.failure());
  return made;
}

/// Runs what may throw: memory ran out, or a library did. The client learns that it was us, and no more.
template <class Body>
response guarded(const request& asked, const Body& body) {
  try {
    answer made = body();
    return made ? std::move(*made) : problem(made.failure(), asked);
  } catch (const std::exception& thrown) {
    return problem({errc::internal, thrown.what(), "", 0}, asked);  // its words go to the log alone
  }
}

/// What `read` makes of a request that is answered later, or the answer that refuses it.
template <class Made, class Read>
std::variant<Made, response> read_parts(const request& asked, operations& engine, const Read& read) {
  Made made;
  bool parsed = false;
  auto refused = guarded(asked, [&]() -> answer {
    auto found = find_route(asked, engine);
    if (!found) return found.failure();
    if (auto* answered = std::get_if<response>(&*found)) return std::move(*answered);
    if (auto good = read(std::get<routed>(*found).made, made); !good) return good.failure();
    parsed = true;
    return response();
  });
  if (parsed) return made;
  return refused;
}

}  // namespace

response serve(const request& asked, operations& engine) {
  return guarded(asked, [&] { return route_request(asked, engine); });
}

std::string_view route_of(const request& asked) {
  for (const auto& each : routes)
    if (asked.method == each.method && match(each.pattern, asked.path)) return each.pattern;
  return {};
}

std::vector<route_facts> all_routes() {
  std::vector<route_facts> all;
  for (const auto& each : routes) {
    if (is_gorush_path(each.pattern)) continue;
    route_facts facts{each.method, each.pattern, to_string(each.needed), {}};
    for (auto name : each.query)
      if (!name.empty()) facts.query.push_back(name);
    all.push_back(std::move(facts));
  }
  return all;
}

bool is_registration(const request& asked) {
  return (asked.method == "PUT" || asked.method == "DELETE") &&
         match("/v1/devices/{device_id}", asked.path).has_value();
}

std::variant<registration, response> read_registration(const request& asked, operations& engine) {
  return read_parts<registration>(asked, engine, [&](const call& to, registration& made) -> result<void> {
    made.application = to.who.application;
    made.deletes = asked.method == "DELETE";
    made.value.device_id = to.name();
    if (made.deletes) return {};
    auto value = read_device(to);
    if (!value) return value.failure();
    made.value = std::move(*value);
    return {};
  });
}

response registration_response(const request& asked, const result<registered_device>& stored) {
  return stored ? registered_response(asked, *stored) : problem(stored.failure(), asked);
}

response deletion_response(const request& asked, const result<bool>& was_there) {
  if (!was_there) return problem(was_there.failure(), asked);
  return *was_there ? empty_response()
                    : problem({errc::not_found, "There is no device with this id", "", 0}, asked);
}

bool is_device_report(const request& asked) {
  return asked.method == "POST" && match("/v1/devices/{device_id}/events", asked.path).has_value();
}

std::variant<device_report, response> read_device_report(const request& asked, operations& engine) {
  return read_parts<device_report>(asked, engine, [](const call& to, device_report& made) -> result<void> {
    made.application = to.who.application;
    auto value = read_report(to);
    if (!value) return value.failure();
    made.value = std::move(*value);
    return {};
  });
}

response device_report_response(const request& asked, const client_report& report,
                                const result<recorded_report>& recorded) {
  auto made = recorded ? report_response(report, *recorded) : answer(recorded.failure());
  return made ? std::move(*made) : problem(made.failure(), asked);
}

bool is_creation(const request& asked) {
  return asked.method == "POST" && asked.path == "/v1/notifications";
}

std::variant<creation, response> read_creation(const request& asked, operations& engine) {
  return read_parts<creation>(asked, engine, [](const call& to, creation& made) -> result<void> {
    made.application = to.who.application;
    auto wished = read_wish(to);
    if (!wished) return wished.failure();
    made.wished = std::move(*wished);
    made.who = to.who;
    return {};
  });
}

response creation_response(const request& asked, const principal& who,
                           result<created_notification>&& created) {
  return created ? created_response(asked, who, std::move(*created)) : problem(created.failure(), asked);
}

}  // namespace pusher::http
