// What the transports of one sender have to say in metrics, added up by application and gateway.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "transports/transport.hpp"

namespace pusher {

class transport_numbers {
 public:
  using owner = std::pair<std::string, std::string>;  ///< application and gateway
  struct attempt {
    owner whose;
    std::string outcome, reason;
    friend bool operator<(const attempt& a, const attempt& b) {
      return std::tie(a.whose, a.outcome, a.reason) < std::tie(b.whose, b.outcome, b.reason);
    }
  };

  /// One transport.
  void add(const std::string& app, std::string_view gateway, const transport_stats& stats);
  /// What one that is closed has counted.
  void add_past(const std::string& app, std::string_view gateway, const transport_stats& stats);
  /// How many requests a second the transport's credential may make in the whole cluster.
  void allow(const std::string& app, std::string_view gateway, double per_second) {
    allowed[{app, std::string(gateway)}] += per_second;
  }
  /// The same under other names of the applications, several of which may become one.
  template <class Rename>
  transport_numbers renamed(Rename rename) const;

  std::map<owner, transport_stats> of;  ///< sums; their tally is in what follows
  std::map<attempt, uint64_t> attempts;
  std::map<std::string, duration_counts<gateway_scale>> latency;  ///< by gateway
  std::map<owner, double> allowed;

 private:
  void add_tally(const owner& whose, const push_tally& tally);
  static void add_moment(transport_stats& to, const transport_stats& stats);
};

template <class Rename>
transport_numbers transport_numbers::renamed(Rename rename) const {
  transport_numbers made;
  auto now_of = [&](const owner& whose) { return owner{rename(whose.first), whose.second}; };
  for (const auto& [whose, stats] : of) {
    auto& into = made.of[now_of(whose)];
    into.add_counters(stats);
    add_moment(into, stats);
  }
  for (const auto& [which, count] : attempts)
    made.attempts[{now_of(which.whose), which.outcome, which.reason}] += count;
  for (const auto& [whose, per_second] : allowed)
    made.allowed[now_of(whose)] += per_second;
  made.latency = latency;
  return made;
}

}  // namespace pusher
