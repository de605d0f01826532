// What the server asks to answer health requests by itself, without a key and without an actor.
#pragma once

#include <string>
#include <vector>

#include "http/exchange.hpp"

namespace pusher::http {

struct health_check {
  std::string name;
  bool ok = false;
  std::string detail;
};

/// Called on the server's I/O threads: must not block.
class health_source {
 public:
  virtual ~health_source() = default;
  virtual std::vector<health_check> checks() const = 0;
  virtual bool ready() const = 0;
  virtual std::string metrics() const = 0;
};

/// The answer to /livez and /readyz, to /metrics when `with_metrics`, and to other paths with nothing of ours: 404.
/// `mine` tells whether the path is one of these.
response answer_health(const request& asked, const health_source& source, bool with_metrics, bool& mine);

}  // namespace pusher::http
