// Spans as OpenTelemetry's protocol (OTLP) has them in JSON: the body of POST /v1/traces.
#pragma once

#include <string>
#include <vector>

#include "actors/span.hpp"

namespace pusher {

/// `node` is the service's instance.
std::string otlp_json(const std::vector<span>& spans, const std::string& node);

}  // namespace pusher
