#include "tests/emulator/apns_credentials.hpp"

#include <cstdlib>

#include "tests/emulator/json_text.hpp"
#include "tests/emulator/jwt.hpp"

namespace pusher::emulator {

namespace {

constexpr int64_t lifetime_seconds = 3600;
constexpr int64_t skew_seconds = 60;
constexpr size_t tokens_remembered = 10'000;
constexpr size_t bearer_size = std::string_view("bearer ").size();

}  // namespace

apns_credentials::apns_credentials(const apns_identity& identity, int64_t least_seconds_between_tokens)
    : identity_(identity), least_seconds_between_tokens_(least_seconds_between_tokens) {}

/// The iat and key of a token that was signed by one of ours.
apns_credentials::known_token apns_credentials::examine(std::string_view text) const {
  known_token found;
  auto token = read_jwt(text);
  if (!token || text_member(&token->claims, "iss") != apns_identity::team_id) return found;
  found.key_id = text_member(&token->header, "kid");
  bool second = found.key_id == apns_identity::second_key_id;
  if (!second && found.key_id != apns_identity::key_id) return found;
  if (signed_with_es256(*token, second ? identity_.second_key.get() : identity_.key.get()))
    found.birth = number_claim(*token, "iat").value_or(0);
  return found;
}

std::string_view apns_credentials::judge(const request& asked, int64_t now) {
  std::string_view header = asked.authorization;
  if (header.empty()) return asked.known_certificate ? "" : "MissingProviderToken";
  auto scheme = header.substr(0, bearer_size);
  if (revoked_ || (scheme != "bearer " && scheme != "Bearer ")) return "InvalidProviderToken";
  key_.assign(header.substr(bearer_size));
  auto found = tokens_.find(key_);
  if (found == tokens_.end()) {
    if (tokens_.size() >= tokens_remembered) tokens_.clear();
    found = tokens_.emplace(key_, examine(key_)).first;
  }
  auto& token = found->second;
  if (!revoked_key_.empty() && token.key_id == revoked_key_) return "InvalidProviderToken";
  if (token.birth <= 0 || token.birth > now + skew_seconds) return "InvalidProviderToken";
  if (token.birth < now - lifetime_seconds || token.birth < expired_before_) return "ExpiredProviderToken";
  if (!token.in_use) {
    if (auto reason = judge_first_use(token); !reason.empty()) return reason;
    token.in_use = true;
  }
  return {};
}

std::string_view apns_credentials::judge_first_use(const known_token& token) {
  auto [last, first] = last_births_.emplace(token.key_id, token.birth);
  bool too_soon = !first && std::abs(token.birth - last->second) < least_seconds_between_tokens_;
  if (too_soon) return "TooManyProviderTokenUpdates";
  last->second = token.birth;
  return {};
}

void apns_credentials::expire_keys(int64_t now) {
  expired_before_ = now;
  // Whoever must replace an expired token may do so at once.
  last_births_.clear();
}

}  // namespace pusher::emulator
