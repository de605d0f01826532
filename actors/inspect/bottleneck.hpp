// Which stage holds the others back, as measured: how busy each was in the last seconds, and with what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/inspect/cluster_status.hpp"
#include "http/json_writer.hpp"

namespace pusher::screen {

struct stage_use {
  std::string stage;
  uint64_t permille = 0;  ///< of the busiest actor of the stage, over 5 to 10 s
  std::string with;       ///< with what it spends that time
};

struct utilisation {
  std::vector<stage_use> stages;  ///< those of which somebody told, in the order in which data flows
  uint64_t machine = 0;           ///< permille of the processors in use, of the busiest machine

  /// The stage that the others wait for; null when none is busy for half of its time.
  const stage_use* limit() const;
};

utilisation read_utilisation(const cluster_status& of);

/// Two lines, or none when nobody told anything.
std::string utilisation_text(const utilisation& of);
void write_utilisation(http::json_text& out, const utilisation& of);

}  // namespace pusher::screen
