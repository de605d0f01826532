#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "http/health.hpp"
#include "http/text.hpp"

namespace pusher::http {

namespace {

/// The quality that a media range's parameters give it; 0 for what cannot be read.
double quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    auto semicolon = parameters.find(';');
    auto one = trimmed(parameters.substr(0, semicolon));
    parameters.remove_prefix(semicolon == std::string_view::npos ? parameters.size() : semicolon + 1);
    if (one.size() < 2 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    auto value = std::strtod(std::string(one.substr(2)).c_str(), nullptr);
    return std::isfinite(value) && value >= 0 && value <= 1 ? value : 0;
  }
  return 1;
}

}  // namespace

metrics_format preferred_format(std::string_view accept) {
  double open = 0, plain = 0;
  while (!accept.empty()) {
    auto comma = accept.find(',');
    auto range = accept.substr(0, comma);
    accept.remove_prefix(comma == std::string_view::npos ? accept.size() : comma + 1);
    auto semicolon = range.find(';');
    auto type = to_lower(trimmed(range.substr(0, semicolon)));
    auto quality = quality_of(semicolon == std::string_view::npos ? "" : range.substr(semicolon + 1));
    if (type == "application/openmetrics-text") open = std::max(open, quality);
    if (type == "text/plain") plain = std::max(plain, quality);
  }
  return open > 0 && open >= plain ? metrics_format::openmetrics : metrics_format::prometheus;
}

std::string_view content_type_of(metrics_format format) {
  return format == metrics_format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                               : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace pusher::http
