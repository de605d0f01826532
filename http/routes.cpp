#include "http/routes.hpp"

#include <algorithm>
#include <exception>

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
    {"POST", "/v1/devices:import", scope::devices, import_devices},
    {"GET", "/v1/devices:export", scope::devices, export_devices, {"after"}},
    {"POST", "/v1/devices:export", scope::devices, export_devices},
    {"POST", "/v1/devices:search", scope::devices, search_devices},
    {"POST", "/v1/devices:count", scope::devices, count_devices},
    {"GET",
     "/v1/devices/{device_id}/events",
     scope::devices,
     list_device_events,
     {"type", "limit", "cursor"}},
    {"POST", "/v1/devices/{device_id}/events", scope::devices, report_device_event},
    {"PUT", "/v1/devices/{device_id}", scope::devices, put_device},
    {"GET", "/v1/devices/{device_id}", scope::devices, get_device},
    {"PATCH", "/v1/devices/{device_id}", scope::devices, change_device},
    {"DELETE", "/v1/devices/{device_id}", scope::devices, delete_device},
    {"GET", "/v1/users/{user_id}/devices", scope::devices, list_user_devices, {"limit", "cursor"}},
    {"DELETE", "/v1/users/{user_id}", scope::devices, erase_user},
    {"GET", "/v1/segments", scope::devices, list_segments, {"limit", "cursor"}},
    {"PUT", "/v1/segments/{name}", scope::devices, put_segment},
    {"GET", "/v1/segments/{name}", scope::devices, get_segment, {"count"}},
    {"DELETE", "/v1/segments/{name}", scope::devices, delete_segment},
    {"GET", "/v1/indexed-properties", scope::devices, get_indexed_properties},
    {"PUT", "/v1/indexed-properties", scope::devices, put_indexed_properties},
    {"POST", "/v1/notifications", scope::send, create_notification},
    {"GET", "/v1/notifications", scope::read, list_notifications, {"state", "limit", "cursor"}},
    {"POST", "/v1/notifications/{id}:launch", scope::send, launch_notification},
    {"GET",
     "/v1/notifications/{id}/deliveries",
     scope::read,
     list_deliveries,
     {"outcome", "limit", "cursor"}},
    {"GET", "/v1/notifications/{id}", scope::read, get_notification},
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

std::string_view scope_name(scope s) {
  switch (s) {
    case scope::devices:
      return "devices";
    case scope::send:
      return "send";
    case scope::read:
      return "read";
    case scope::admin:
      return "admin";
  }
  return "admin";
}

result<principal> authenticate(const request& asked, operations& engine) {
  auto found = asked.headers.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (found == asked.headers.end() || to_lower(found->second.substr(0, scheme.size())) != scheme)
    return fault(errc::unauthenticated,
                 "Send an API key as \"Authorization: Bearer KEY\"; `pusher keys create` makes one.");
  return engine.authenticate(std::string_view(found->second).substr(scheme.size()));
}

answer route_request(const request& asked, operations& engine) {
  auto method = asked.method == "HEAD" ? std::string("GET") : asked.method;
  std::string allowed;
  for (const auto& each : routes) {
    auto names = match(each.pattern, asked.path);
    if (!names) continue;
    if (method != each.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(each.method);
      continue;
    }
    auto who = authenticate(asked, engine);
    if (!who) return who.failure();
    if (!who->may(each.needed))
      return fault(errc::forbidden,
                   "This API key lacks the scope \"" + std::string(scope_name(each.needed)) + "\".");
    if (auto known = only_known(asked.query, each.query); !known) return known.failure();
    return each.handle({asked, engine, *who, std::move(*names)});
  }
  if (allowed.empty())
    return fault(errc::route_not_found, "There is nothing at this path; see the API's documentation.");
  auto made = problem(fault(errc::method_not_allowed, "This path takes " + allowed + "."), asked);
  made.headers.emplace_back("Allow", allowed);
  return made;
}

}  // namespace

response serve(const request& asked, operations& engine) {
  try {
    auto made = route_request(asked, engine);
    return made ? std::move(*made) : problem(made.failure(), asked);
  } catch (const std::exception&) {
    // Memory ran out, or a library threw: the client learns that it was us, and no more.
    return problem({errc::internal, "", "", 0}, asked);
  }
}

}  // namespace pusher::http
