#include <doctest/doctest.h>

#include "http/health.hpp"

using namespace pusher::http;

TEST_CASE("a scraper gets the format that it prefers") {
  auto open = metrics_format::openmetrics, plain = metrics_format::prometheus;
  CHECK(preferred_format("") == plain);
  CHECK(preferred_format("*/*") == plain);
  CHECK(preferred_format("text/html,*/*;q=0.8") == plain);
  CHECK(preferred_format("application/openmetrics-text") == open);
  CHECK(preferred_format(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == open);
  CHECK(preferred_format("Application/OpenMetrics-Text; q=0.3, text/plain; q=0.9") == plain);
  CHECK(preferred_format("application/openmetrics-text;q=0, text/plain;q=0") == plain);
  CHECK(preferred_format("application/openmetrics-text;q=nan") == plain);
  CHECK(preferred_format("application/openmetrics-text;q=7") == plain);
}
