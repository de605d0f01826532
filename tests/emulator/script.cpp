#include "tests/emulator/script.hpp"

#include <functional>

namespace pusher::emulator {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

struct fixed_answer {
  std::string_view prefix;
  verdict what;
};

/// A longer prefix stands before those that it begins with.
constexpr fixed_answer fixed_answers[] = {
    {"UNREG", verdict::unregistered},  {"BADTOKEN", verdict::bad_token},
    {"BAD", verdict::bad_payload},     {"MISMATCH", verdict::sender_mismatch},
    {"DOWN", verdict::unavailable},    {"AUTH", verdict::third_party_auth},
    {"HTML", verdict::html_not_found}, {"HANG", verdict::hang},
    {"RESET", verdict::reset},         {"GARBAGE", verdict::garbage},
    {"HUGE", verdict::huge},
};

/// Prefixes that a number and an X follow: so many times this answer, then success.
constexpr fixed_answer counted_answers[] = {
    {"QUOTA", verdict::quota_exceeded},
    {"UNAVAIL", verdict::unavailable},
    {"INTERNAL", verdict::internal},
    {"REFUSE", verdict::refused_stream},
};

/// The number before the X; 0 when there is none.
uint32_t count_in(std::string_view rest) {
  uint32_t count = 0;
  size_t at = 0;
  for (; at < rest.size() && at < 6 && rest[at] >= '0' && rest[at] <= '9'; ++at)
    count = count * 10 + static_cast<uint32_t>(rest[at] - '0');
  return at > 0 && at < rest.size() && rest[at] == 'X' ? count : 0;
}

verdict verdict_of_status(int status) {
  switch (status) {
    case 400:
      return verdict::bad_payload;
    case 401:
      return verdict::third_party_auth;
    case 403:
      return verdict::sender_mismatch;
    case 404:
      return verdict::unregistered;
    case 429:
      return verdict::quota_exceeded;
    case 500:
      return verdict::internal;
    case 503:
      return verdict::unavailable;
    default:
      return verdict::accepted;
  }
}

}  // namespace

uint64_t stable_hash(std::string_view text) {
  uint64_t hash = std::hash<std::string_view>()(text);
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
  return hash ^ hash >> 31;
}

verdict script::by_rate(std::string_view token) const {
  double draw = static_cast<double>(stable_hash(token) >> 11) * 0x1p-53;
  for (const auto& rate : rates_) {
    if (draw < rate.share) return verdict_of_status(rate.status);
    draw -= rate.share;
  }
  return verdict::accepted;
}

verdict script::answer(std::string_view token, const earlier_attempts& before) const {
  bool may_be_scripted = !token.empty() && token.front() >= 'A' && token.front() <= 'U';
  if (may_be_scripted) {
    for (const auto& fixed : fixed_answers)
      if (starts_with(token, fixed.prefix)) return fixed.what;
    for (const auto& counted : counted_answers)
      if (starts_with(token, counted.prefix))
        return before.of_token < count_in(token.substr(counted.prefix.size())) ? counted.what
                                                                               : verdict::accepted;
  }
  bool first = before.of_token_and_notification == 0;
  return first && !rates_.empty() ? by_rate(token) : verdict::accepted;
}

}  // namespace pusher::emulator
