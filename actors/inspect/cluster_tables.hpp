// The actors of a cluster, and its gateways as all senders together see them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "actors/inspect/cluster_status.hpp"

namespace pusher::screen {

/// Actors of every node that answers; of the others, that they are missing.
std::string actors_text(const cluster_status& of, utc_ms now, bool colours);
std::string actors_json(const cluster_status& of);
/// Whether every actor of every node answers.
bool all_actors_answer(const cluster_status& of);

/// One credential of one application at one gateway, summed over all senders that answer.
struct gateway_line {
  std::string application, gateway, credential;
  uint64_t senders = 0, requests = 0, in_flight = 0, queued = 0, connections = 0, breakers_open = 0;
  uint64_t quota_per_minute = 0;  ///< of the whole cluster; 0 = none
  bool refused = false;           ///< nobody gets through with the credential
  utc_ms expires_at = 0;          ///< 0 = never, or not known
  std::set<std::string> troubles;
};

std::vector<gateway_line> gateways_of(const cluster_status& of);

/// Requests a second of each line, by what they were before; nothing for those that were not there.
using gateway_key = std::tuple<std::string, std::string, std::string>;
std::map<gateway_key, double> request_rates(const std::vector<gateway_line>& before,
                                            const std::vector<gateway_line>& now, double seconds);

std::string gateways_text(const std::vector<gateway_line>& lines, const std::map<gateway_key, double>& rates,
                          utc_ms now, bool colours);
std::string gateways_json(const std::vector<gateway_line>& lines, const std::map<gateway_key, double>& rates);
/// Whether nothing keeps pushes from any gateway.
bool gateways_well(const std::vector<gateway_line>& lines);

}  // namespace pusher::screen
