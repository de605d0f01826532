#include "transports/verdict_table.hpp"

#include <functional>

namespace pusher {

std::string_view to_string(answer_action value) {
  switch (value) {
    case answer_action::accepted:
      return "accepted";
    case answer_action::retry:
      return "retry";
    case answer_action::retry_elsewhere:
      return "retry_elsewhere";
    case answer_action::dead_token:
      return "dead_token";
    case answer_action::switch_environment:
      return "switch_environment";
    case answer_action::refresh_credential:
      return "refresh_credential";
    case answer_action::refused:
      return "refused";
    case answer_action::refused_credential:
      return "refused_credential";
    case answer_action::unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(answer_reach value) {
  switch (value) {
    case answer_reach::target:
      return "target";
    case answer_reach::credential:
      return "credential";
    case answer_reach::endpoint:
      return "endpoint";
  }
  return "";
}

const answer_rule& verdict_table::find(int status, std::string_view code, std::string_view detail) const {
  static constexpr answer_rule none{};
  for (auto& rule : *this) {
    if (status < rule.from || status > rule.to) continue;
    if (!rule.code.empty() && rule.code != code) continue;
    if (!rule.detail.empty() && rule.detail != detail) continue;
    return rule;
  }
  return none;
}

std::optional<size_t> verdict_table::place_of(const answer_rule& rule) const {
  std::less<const answer_rule*> before;
  if (before(&rule, begin()) || !before(&rule, end())) return std::nullopt;
  return static_cast<size_t>(&rule - begin());
}

std::string_view attempt_outcome(const answer_rule& rule) {
  switch (rule.action) {
    case answer_action::accepted:
      return "accepted";
    case answer_action::dead_token:
      return "unregistered";
    case answer_action::switch_environment:
      return "other_environment";
    case answer_action::refused_credential:
      // Of a 403 the push waits; what else is said of a credential may be the push's own fault.
      return rule.from == 403 ? "retry" : "rejected";
    case answer_action::refused:
      return "rejected";
    case answer_action::retry:
    case answer_action::retry_elsewhere:
    case answer_action::refresh_credential:
      return "retry";
    case answer_action::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string attempt_reason(const answer_rule& rule) {
  if (rule.action == answer_action::accepted) return "none";
  if (!rule.code.empty()) return std::string(rule.code);
  if (rule.from == rule.to) return "http_" + std::to_string(rule.from);
  if (rule.from / 100 == rule.to / 100) return "http_" + std::to_string(rule.from / 100) + "xx";
  return "http_other";
}

verdict verdict_of(const answer_rule& rule, std::optional<int64_t> asked_ms) {
  verdict made;
  switch (rule.action) {
    case answer_action::accepted:
      made.kind = verdict_kind::accepted;
      break;
    case answer_action::retry:
    case answer_action::retry_elsewhere:
      made.kind = verdict_kind::retry;
      made.retry_after_ms = asked_ms.value_or(rule.wait_is_exact ? rule.wait_ms : 0);
      if (made.retry_after_ms == 0) made.minimum_wait_ms = rule.wait_ms;
      break;
    case answer_action::dead_token:
      made.kind = verdict_kind::unregistered;
      break;
    case answer_action::switch_environment:
      made.kind = verdict_kind::other_environment;
      break;
    case answer_action::refused:
      made.kind = verdict_kind::rejected;
      break;
    case answer_action::refresh_credential:
    case answer_action::refused_credential:
      made.kind = verdict_kind::rejected;
      made.credential_refused = true;
      break;
    case answer_action::unknown:
      made.kind = verdict_kind::unknown;
      break;
  }
  return made;
}

}  // namespace pusher
