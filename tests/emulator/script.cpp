#include "tests/emulator/script.hpp"

#include <algorithm>
#include <functional>
#include <optional>

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
    {"HUGE", verdict::huge},           {"REDIRECT", verdict::redirect},
};

/// Prefixes that a number and an X follow: so many times this answer, then success.
constexpr fixed_answer counted_answers[] = {
    {"QUOTA", verdict::quota_exceeded},
    {"UNAVAIL", verdict::unavailable},
    {"INTERNAL", verdict::internal},
    {"REFUSE", verdict::refused_stream},
};

constexpr std::string_view said_prefix = "SAY";

/// The decimal number at the beginning, of at most `digits` digits, and what follows it.
std::optional<uint64_t> take_number(std::string_view& text, size_t digits) {
  uint64_t number = 0;
  size_t at = 0;
  for (; at < text.size() && at < digits && text[at] >= '0' && text[at] <= '9'; ++at)
    number = number * 10 + static_cast<uint64_t>(text[at] - '0');
  if (at == 0) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

/// The number before the X; 0 when there is none.
uint32_t count_in(std::string_view rest) {
  auto count = take_number(rest, 6);
  return count && starts_with(rest, "X") ? static_cast<uint32_t>(*count) : 0;
}

std::string_view take_part(std::string_view& rest) {
  auto part = rest.substr(0, rest.find('-'));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

/// Whether the part is the letter and a number.
bool is_option(std::string_view part, char letter, uint64_t& number) {
  if (part.empty() || part.front() != letter) return false;
  part.remove_prefix(1);
  auto found = take_number(part, 15);
  if (!found || !part.empty()) return false;
  number = *found;
  return true;
}

/// SAY-<status>-<code>[-R<seconds>][-T<milliseconds>][-...] or SAY<n>X-... Success when it is not of that
/// form.
scripted_answer read_said(std::string_view text, uint32_t attempts_before) {
  auto rest = text.substr(said_prefix.size());
  auto counted = take_part(rest);
  if (!counted.empty() && attempts_before >= count_in(counted)) return {};
  auto status_text = take_part(rest);
  auto status = take_number(status_text, 3);
  scripted_answer said(verdict::said);
  said.code = take_part(rest);
  if (!status || !status_text.empty() || *status < 200 || *status > 599 || said.code.empty()) return {};
  said.status = static_cast<int>(*status);
  for (uint64_t number = 0;;) {
    auto part = take_part(rest);
    if (is_option(part, 'R', number))
      said.retry_after_seconds = static_cast<int>(std::min<uint64_t>(number, 1'000'000));
    else if (is_option(part, 'T', number))
      said.timestamp_ms = static_cast<int64_t>(number);
    else
      return said;
  }
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

scripted_answer script::answer(std::string_view token, const earlier_attempts& before) const {
  bool may_be_scripted = !token.empty() && token.front() >= 'A' && token.front() <= 'U';
  if (may_be_scripted) {
    if (starts_with(token, said_prefix)) return read_said(token, before.of_token);
    for (const auto& fixed : fixed_answers)
      if (starts_with(token, fixed.prefix)) return {fixed.what};
    for (const auto& counted : counted_answers)
      if (starts_with(token, counted.prefix))
        return {before.of_token < count_in(token.substr(counted.prefix.size())) ? counted.what
                                                                                : verdict::accepted};
  }
  bool first = before.of_token_and_notification == 0;
  return {first && !rates_.empty() ? by_rate(token) : verdict::accepted};
}

}  // namespace pusher::emulator
