#include "transports/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <curl/curl.h>

namespace pusher {

namespace {

constexpr int64_t second_ms = 1'000;
constexpr int64_t day_ms = 24 * 3'600 * second_ms;

std::optional<utc_ms> parse_http_date(std::string_view text) {
  if (text.empty()) return std::nullopt;
  time_t time = curl_getdate(std::string(text).c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return static_cast<utc_ms>(time) * second_ms;
}

}  // namespace

std::optional<int64_t> parse_retry_after(std::string_view field, std::string_view date, utc_ms now) {
  while (!field.empty() && field.front() == ' ')
    field.remove_prefix(1);
  while (!field.empty() && field.back() == ' ')
    field.remove_suffix(1);
  if (field.empty()) return std::nullopt;
  if (field.find_first_not_of("0123456789") == std::string_view::npos) {
    int64_t seconds = 0;
    auto [end, fault] = std::from_chars(field.data(), field.data() + field.size(), seconds);
    if (fault != std::errc() || seconds > day_ms / second_ms) return day_ms;
    return std::max(second_ms, seconds * second_ms);
  }
  auto until = parse_http_date(field);
  if (!until) return std::nullopt;
  return std::clamp(*until - parse_http_date(date).value_or(now), second_ms, day_ms);
}

}  // namespace pusher
