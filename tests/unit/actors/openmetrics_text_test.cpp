#include "actors/openmetrics_text.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace pusher;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

TEST_CASE("counters lose _total in their family's name, texts are escaped, and the end is marked") {
  ClientMetric one;
  one.label.push_back({"app", "a\"b\\c\nd"});
  one.counter.value = 3;
  MetricFamily family{"pusher_things_total", "Things.", MetricType::Counter, {one}};
  CHECK(openmetrics_text({family}) ==
        "# TYPE pusher_things counter\n# HELP pusher_things Things.\n"
        "pusher_things_total{app=\"a\\\"b\\\\c\\nd\"} 3\n# EOF\n");
}

TEST_CASE("histograms have bounds that are written as numbers with a point") {
  ClientMetric one;
  one.histogram.sample_count = 2;
  one.histogram.sample_sum = 1.5;
  one.histogram.bucket = {{1, 0.0025}, {1, 1}, {2, std::numeric_limits<double>::infinity()}};
  MetricFamily family{"pusher_wait_seconds", "Waits.", MetricType::Histogram, {one}};
  CHECK(openmetrics_text({family}) ==
        "# TYPE pusher_wait_seconds histogram\n# HELP pusher_wait_seconds Waits.\n"
        "pusher_wait_seconds_bucket{le=\"0.0025\"} 1\npusher_wait_seconds_bucket{le=\"1.0\"} 1\n"
        "pusher_wait_seconds_bucket{le=\"+Inf\"} 2\npusher_wait_seconds_count 2\npusher_wait_seconds_sum "
        "1.5\n# EOF\n");
}

TEST_CASE("gauges may be anything") {
  ClientMetric one;
  one.gauge.value = -std::numeric_limits<double>::infinity();
  MetricFamily family{"pusher_left_seconds", "Left.", MetricType::Gauge, {one}};
  CHECK(openmetrics_text({family}).find("pusher_left_seconds -Inf\n") != std::string::npos);
}
