// Every route of the API: what path and method do, and which scope they need.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "http/exchange.hpp"
#include "http/operations.hpp"

namespace pusher::http {

/// Answers one request over the operations. Blocks as they do. Never throws; every fault is a problem answer.
response serve(const request& asked, operations& engine);

/// The pattern of the route that a request takes, e.g. `/v1/notifications/{id}:launch`; empty = there is
/// none.
std::string_view route_of(const request& asked);

// Among a response's internal notes, for the log: what the call did to a notification (paused, resumed,
// canceled), and to which.
inline constexpr const char* step_note = "step";
inline constexpr const char* stepped_note = "stepped";

/// A row of the table of routes.
struct route_facts {
  std::string_view method, pattern;
  std::string_view scope;  ///< empty = no key is needed
  std::vector<std::string_view> query;
};
/// Without those of other services' callers, which are off unless an operator wants them.
std::vector<route_facts> all_routes();

// -- registrations that wait at the same time are stored together (actors/registration_batch.hpp) --

/// A PUT or DELETE of one device, parsed and allowed.
struct registration {
  application_id application;
  bool deletes = false;
  device value;  ///< of a deletion only the device_id
};
bool is_registration(const request& asked);
/// What the request wants, or the answer that refuses it. Never throws.
std::variant<registration, response> read_registration(const request& asked, operations& engine);
response registration_response(const request& asked, const result<registered_device>& stored);
response deletion_response(const request& asked, const result<bool>& was_there);

// -- reports that wait at the same time are stored together as well (actors/report_batch.hpp) --

/// What a client says of its device, parsed and allowed.
struct device_report {
  application_id application;
  client_report value;
};
bool is_device_report(const request& asked);
/// As read_registration.
std::variant<device_report, response> read_device_report(const request& asked, operations& engine);
response device_report_response(const request& asked, const client_report& report,
                                const result<recorded_report>& recorded);

// -- and so are creations (actors/creation_batch.hpp) --

/// A notification that a client wants to exist, parsed and allowed.
struct creation {
  application_id application;
  wished_notification wished;
  principal who = {};
};
bool is_creation(const request& asked);
/// As read_registration.
std::variant<creation, response> read_creation(const request& asked, operations& engine);
response creation_response(const request& asked, const principal& who,
                           result<created_notification>&& created);

}  // namespace pusher::http
