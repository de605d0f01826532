#include "tests/emulator/oauth.hpp"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

constexpr const char* jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr int64_t skew_seconds = 60;
constexpr int64_t longest_assertion_seconds = 3600;

constexpr const char* bad_times =
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
    "iat and "
    "exp values in the JWT claim.";

bool has_one_of_our_scopes(std::string_view scopes) {
  while (!scopes.empty()) {
    auto end = scopes.find(' ');
    auto scope = scopes.substr(0, end);
    if (scope == "https://www.googleapis.com/auth/firebase.messaging" ||
        scope == "https://www.googleapis.com/auth/cloud-platform")
      return true;
    scopes.remove_prefix(end == std::string_view::npos ? scopes.size() : end + 1);
  }
  return false;
}

bool sane_times(const rapidjson::Document& claims, int64_t now) {
  auto iat = claims.FindMember("iat"), exp = claims.FindMember("exp");
  if (iat == claims.MemberEnd() || exp == claims.MemberEnd()) return false;
  if (!iat->value.IsInt64() || !exp->value.IsInt64()) return false;
  int64_t born = iat->value.GetInt64(), dies = exp->value.GetInt64();
  if (born < 0 || dies <= born || dies - born > longest_assertion_seconds) return false;
  return born <= now + skew_seconds && dies > now - skew_seconds;
}

/// Escapes nothing: all descriptions are ours.
std::string error_body(const char* error, const std::string& description) {
  return std::string("{\"error\":\"") + error + "\",\"error_description\":\"" + description + "\"}";
}

bool signed_by(const service_account& account, std::string_view signing_input, std::string_view signature) {
  digest_context_ptr context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, account.key.get()) != 1)
    return false;
  auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  bool good = EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signing_input),
                               signing_input.size()) == 1;
  // What is left in OpenSSL's error queue would be taken for a fault of the connection.
  ERR_clear_error();
  return good;
}

}  // namespace

token_endpoint::token_endpoint(const std::vector<service_account>& accounts, int64_t lifetime_seconds)
    : accounts_(accounts), lifetime_seconds_(lifetime_seconds) {}

token_endpoint::refusal token_endpoint::judge_assertion(std::string_view assertion, int64_t now,
                                                        const service_account*& account) const {
  auto first = assertion.find('.'), last = assertion.rfind('.');
  if (first == std::string_view::npos || first == last || assertion.find('.', first + 1) != last)
    return {"invalid_grant", "Bad Request"};
  rapidjson::Document header, claims;
  auto header_text = from_base64url(assertion.substr(0, first));
  auto claims_text = from_base64url(assertion.substr(first + 1, last - first - 1));
  auto signature = from_base64url(assertion.substr(last + 1));
  if (!header_text || !claims_text || !signature || !parse_object(*header_text, header) ||
      !parse_object(*claims_text, claims))
    return {"invalid_grant", "Invalid JWT: Failed to parse the assertion."};
  if (text_member(&header, "alg") != "RS256") return {"invalid_grant", "Invalid JWT: alg must be RS256."};
  auto issuer = text_member(&claims, "iss");
  auto found =
      std::find_if(accounts_.begin(), accounts_.end(), [&](auto& each) { return each.email == issuer; });
  if (found == accounts_.end()) return {"invalid_grant", "Invalid grant: account not found"};
  account = &*found;
  if (text_member(&header, "kid") != account->key_id ||
      !signed_by(*account, assertion.substr(0, last), *signature))
    return {"invalid_grant", "Invalid JWT Signature."};
  if (text_member(&claims, "aud") != account->token_uri)
    return {"invalid_grant",
            "Invalid JWT: Failed audience check. The right audience is " + account->token_uri};
  if (!sane_times(claims, now)) return {"invalid_grant", bad_times};
  if (!has_one_of_our_scopes(text_member(&claims, "scope")))
    return {"invalid_scope", "Invalid OAuth scope or ID token audience provided."};
  return {};
}

token_endpoint::refusal token_endpoint::judge(const request& asked, int64_t now,
                                              const service_account*& account) const {
  std::string_view type = asked.content_type;
  if (type.substr(0, type.find(';')) != "application/x-www-form-urlencoded")
    return {"invalid_request", "The body must be application/x-www-form-urlencoded."};
  auto form = parse_form(asked.body);
  if (!form) return {"invalid_request", "The form is malformed."};
  auto grant_type = form->find("grant_type");
  if (grant_type == form->end()) return {"invalid_request", "Missing required parameter: grant_type"};
  if (grant_type->second != jwt_bearer) return {"unsupported_grant_type", "Invalid grant_type"};
  auto assertion = form->find("assertion");
  if (assertion == form->end()) return {"invalid_request", "Missing required parameter: assertion"};
  return judge_assertion(assertion->second, now, account);
}

void token_endpoint::handle(const request& asked, reply& answer, int64_t now) {
  const service_account* account = nullptr;
  auto no = judge(asked, now, account);
  if (no.error) {
    ++refusals_;
    answer.status = 400;
    answer.body = error_body(no.error, no.description);
    return;
  }
  answer.body = "{\"access_token\":\"" + mint(*account, now) +
                "\",\"expires_in\":" + std::to_string(lifetime_seconds_) + ",\"token_type\":\"Bearer\"}";
}

std::string token_endpoint::mint(const service_account& account, int64_t now) {
  forget_expired(now);
  std::string random(120, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(random.size()));
  auto token = "ya29.c." + base64url(random);
  tokens_[token] = {&account, now + lifetime_seconds_};
  ++mints_;
  return token;
}

const service_account* token_endpoint::owner_of(std::string_view access_token, int64_t now) {
  if (access_token == last_good_ && now < last_.expires) return last_.owner;
  key_.assign(access_token);
  auto found = tokens_.find(key_);
  if (found == tokens_.end() || now >= found->second.expires) return nullptr;
  last_good_ = key_;
  last_ = found->second;
  return last_.owner;
}

void token_endpoint::revoke_all() {
  tokens_.clear();
  last_good_.clear();
  last_ = {};
}

void token_endpoint::forget_expired(int64_t now) {
  for (auto each = tokens_.begin(); each != tokens_.end();)
    each = each->second.expires <= now ? tokens_.erase(each) : std::next(each);
}

}  // namespace pusher::emulator
