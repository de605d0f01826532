// Metrics in OpenMetrics' text format; prometheus-cpp itself writes only the older one.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace pusher {

std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace pusher
