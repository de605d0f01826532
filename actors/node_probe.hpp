// Whether a node can be connected to, found out before CAF tries: its own connecting waits without limit for
// who accepts a connection and then says nothing, as a stopped process does.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "actors/cluster_files.hpp"

namespace pusher {

/// Connects over TLS as a member of the cluster and waits for the first byte that a node says to one. Why
/// that did not succeed; empty = it did.
std::string probe_node(const std::string& host, uint16_t port, const cluster_files& files,
                       std::chrono::milliseconds wait);

}  // namespace pusher
