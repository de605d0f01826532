// Which channels the configurations of a cluster's senders have credentials for: configurations differ
// between nodes, and fan-out needs not know a credential to make work for it. A node that has senders says so
// in Redis under its name, and others go by that for a while after it was last heard: a sender that restarts
// is no reason to skip its devices.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "conf/settings.hpp"
#include "model/clock.hpp"
#include "transports/transport.hpp"

namespace pusher {

gateway gateway_of(channel which);

/// The channels that the configuration has a credential for.
channel_set configured_channels(const settings& config);
/// Those of them that the senders among the roles serve.
channel_set served_channels(const settings& config, const std::vector<role_entry>& roles);

constexpr utc_ms configured_for_ms = utc_ms{7} * 24 * 3600 * 1000;
constexpr utc_ms say_configured_every_ms = utc_ms{3600} * 1000;

std::string to_text(channel_set channels, utc_ms said_at);

struct configured_elsewhere {
  channel_set channels;
  std::vector<std::string> outdated;  ///< nodes that were not heard for too long
};
/// Of what nodes said; texts that cannot be read count as outdated.
configured_elsewhere judge_configured(const std::vector<std::pair<std::string, std::string>>& said,
                                      utc_ms now);

}  // namespace pusher
