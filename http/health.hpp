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

/// Whether the path is /livez or /readyz.
bool asks_for_health(const request& asked);
response health_answer(const request& asked, const health_source& source);

}  // namespace pusher::http
