#include "actors/openmetrics_text.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

namespace pusher {

namespace {

constexpr std::string_view total = "_total";

/// A counter's family is called without the `_total` that its samples end in.
std::string_view family_name(const prometheus::MetricFamily& family) {
  std::string_view name = family.name;
  bool counts = family.type == prometheus::MetricType::Counter && name.size() > total.size() &&
                name.substr(name.size() - total.size()) == total;
  return counts ? name.substr(0, name.size() - total.size()) : name;
}

std::string_view type_name(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    case prometheus::MetricType::Summary:
      return "summary";
    case prometheus::MetricType::Untyped:
      break;
  }
  return "unknown";
}

void append_number(std::string& to, double value) {
  if (std::isnan(value)) {
    to += "NaN";
  } else if (std::isinf(value)) {
    to += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    auto end = std::to_chars(text, text + sizeof text, value).ptr;
    to.append(text, static_cast<size_t>(end - text));
  }
}

void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    if (c == '\\' || c == '"') to += '\\';
    if (c == '\n')
      to += "\\n";
    else
      to += c;
  }
}

void append_sample(std::string& to, std::string_view name, std::string_view suffix,
                   const std::vector<prometheus::ClientMetric::Label>& labels, double value,
                   const double* bound = nullptr) {
  to.append(name).append(suffix);
  char before = '{';
  auto label = [&](std::string_view key) {
    to += before;
    before = ',';
    to.append(key).append("=\"");
  };
  for (const auto& each : labels) {
    label(each.name);
    append_escaped(to, each.value);
    to += '"';
  }
  if (bound) {
    label("le");
    // `1.0`, not `1`: bounds are compared as texts.
    if (std::isfinite(*bound) && *bound == std::floor(*bound) && *bound < 1e15)
      to += std::to_string(static_cast<int64_t>(*bound)) + ".0";
    else
      append_number(to, *bound);
    to += '"';
  }
  if (before == ',') to += '}';
  to += ' ';
  append_number(to, value);
  to += '\n';
}

void append_histogram(std::string& to, std::string_view name, const prometheus::ClientMetric& metric) {
  for (const auto& bucket : metric.histogram.bucket)
    append_sample(to, name, "_bucket", metric.label, static_cast<double>(bucket.cumulative_count),
                  &bucket.upper_bound);
  append_sample(to, name, "_count", metric.label, static_cast<double>(metric.histogram.sample_count));
  append_sample(to, name, "_sum", metric.label, metric.histogram.sample_sum);
}

}  // namespace

std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families) {
  std::string text;
  text.reserve(size_t{64} * 1024);
  for (const auto& family : families) {
    auto name = family_name(family);
    text.append("# TYPE ").append(name).append(" ").append(type_name(family.type)).append("\n# HELP ");
    text.append(name).append(" ");
    append_escaped(text, family.help);
    text += '\n';
    for (const auto& metric : family.metric) {
      if (family.type == prometheus::MetricType::Histogram)
        append_histogram(text, name, metric);
      else if (family.type == prometheus::MetricType::Counter)
        append_sample(text, name, total, metric.label, metric.counter.value);
      else
        append_sample(text, name, "", metric.label, metric.gauge.value);
    }
  }
  return text + "# EOF\n";
}

}  // namespace pusher
