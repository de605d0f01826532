// What the server asks to answer health requests by itself, without a key and without an actor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"

namespace pusher::http {

struct health_check {
  std::string name;
  bool ok = false;
  std::string detail;
};

/// The formats of metrics.
enum class metrics_format : uint8_t {
  prometheus,  ///< text, version 0.0.4
  openmetrics  ///< text, version 1.0.0
};
/// What a scraper prefers, by its Accept header; Prometheus's own when it does not say.
metrics_format preferred_format(std::string_view accept);
std::string_view content_type_of(metrics_format format);

/// Called on the server's I/O threads: must not block.
class health_source {
 public:
  virtual ~health_source() = default;
  virtual std::vector<health_check> checks() const = 0;
  virtual bool ready() const = 0;
  virtual std::string metrics(metrics_format format) const = 0;
};

/// Whether the path is /livez or /readyz.
bool asks_for_health(const request& asked);
response health_answer(const request& asked, const health_source& source);

}  // namespace pusher::http
