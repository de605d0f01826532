#include "tests/emulator/vapid.hpp"

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/json_text.hpp"
#include "tests/emulator/webpush_crypto.hpp"

namespace pusher::emulator {

namespace {

constexpr int64_t longest_life_seconds = 24 * 3600;
constexpr size_t remembered = 10'000;
constexpr std::string_view scheme = "vapid ";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string_view trimmed(std::string_view text) {
  while (starts_with(text, " "))
    text.remove_prefix(1);
  return text;
}

bool is_contact(std::string_view subject) {
  constexpr std::string_view mail = "mailto:", web = "https://";
  if (starts_with(subject, mail)) return subject.find('@', mail.size() + 1) != std::string_view::npos;
  return starts_with(subject, web) && subject.size() > web.size();
}

}  // namespace

std::optional<vapid_judge::credentials> vapid_judge::read(std::string_view authorization) {
  if (!starts_with(authorization, scheme)) return std::nullopt;
  auto rest = authorization.substr(scheme.size());
  credentials given;
  while (!rest.empty()) {
    auto part = trimmed(rest.substr(0, rest.find(',')));
    auto comma = rest.find(',');
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    auto& value = starts_with(part, "t=") ? given.token : given.key;
    if ((!starts_with(part, "t=") && !starts_with(part, "k=")) || !value.empty()) return std::nullopt;
    value = part.substr(2);
  }
  if (given.token.empty() || given.key.empty()) return std::nullopt;
  return given;
}

/// The claim exp when signature, audience and subject are good; else 0.
int64_t vapid_judge::expiry_of_good(const credentials& given) const {
  auto token = read_jwt(given.token);
  auto point = from_base64url(given.key);
  auto key = point ? p256_key_of(*point) : nullptr;
  if (!token || !key || !signed_with_es256(*token, key.get())) return 0;
  if (text_member(&token->claims, "aud") != origin_ || !is_contact(text_member(&token->claims, "sub")))
    return 0;
  return number_claim(*token, "exp").value_or(0);
}

bool vapid_judge::good(const credentials& given, int64_t now) {
  look_up_.assign(given.token).append(1, ' ').append(given.key);
  auto found = expiry_of_.find(look_up_);
  if (found == expiry_of_.end()) {
    if (expiry_of_.size() >= remembered) expiry_of_.clear();
    found = expiry_of_.emplace(look_up_, expiry_of_good(given)).first;
  }
  return found->second > now && found->second <= now + longest_life_seconds;
}

int vapid_judge::judge(std::string_view authorization, std::string_view endpoint, int64_t now) {
  auto given = read(authorization);
  if (!given) return 401;
  if (!good(*given, now)) return 403;
  look_up_.assign(endpoint);
  auto bound = key_of_endpoint_.try_emplace(look_up_, given->key).first;
  return bound->second == given->key ? 0 : 403;
}

}  // namespace pusher::emulator
