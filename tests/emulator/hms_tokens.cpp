#include "tests/emulator/hms_tokens.hpp"

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/key_files.hpp"

namespace pusher::emulator {

namespace {

constexpr size_t tokens_remembered = 100'000;

/// Like Huawei's, with the characters of base64 that mean something elsewhere.
std::string new_token() {
  auto token = "CgB6e3x9/" + base64url(random_bytes(90)) + "+=";
  for (char& c : token)
    if (c == '-' || c == '_') c = c == '-' ? '/' : '+';
  return token;
}

/// Huawei escapes slashes in JSON, which it need not.
std::string with_escaped_slashes(const std::string& text) {
  std::string escaped;
  for (char c : text)
    escaped += c == '/' ? std::string("\\/") : std::string(1, c);
  return escaped;
}

}  // namespace

hms_token_endpoint::hms_token_endpoint(const hms_identity& identity, int64_t lifetime_seconds)
    : identity_(identity), lifetime_seconds_(lifetime_seconds) {}

hms_token_endpoint::refusal hms_token_endpoint::judge(const request& asked) const {
  std::string_view type = asked.content_type;
  if (type.substr(0, type.find(';')) != "application/x-www-form-urlencoded")
    return {20001, "the body is not application/x-www-form-urlencoded"};
  auto form = parse_form(asked.body);
  if (!form) return {20001, "the form is malformed"};
  auto field = [&](const char* name) {
    auto found = form->find(name);
    return found == form->end() ? std::string_view() : std::string_view(found->second);
  };
  if (field("grant_type") != "client_credentials") return {20181, "invalid grant_type"};
  if (field("client_id") != hms_identity::app_id) return {20041, "invalid client_id"};
  if (field("client_secret") != identity_.secret) return {20042, "invalid client_secret"};
  return {};
}

void hms_token_endpoint::handle(const request& asked, reply& answer, int64_t now) {
  if (auto no = judge(asked); no.sub_error != 0) {
    ++refusals_;
    answer.status = 400;
    answer.body = "{\"error\":1101,\"sub_error\":" + std::to_string(no.sub_error) +
                  ",\"error_description\":\"" + no.description + "\"}";
    return;
  }
  if (expiry_of_.size() >= tokens_remembered) expiry_of_.clear();
  auto token = new_token();
  expiry_of_[token] = now + lifetime_seconds_;
  ++mints_;
  answer.body = "{\"access_token\":\"" + with_escaped_slashes(token) +
                "\",\"expires_in\":" + std::to_string(lifetime_seconds_) + ",\"token_type\":\"Bearer\"}";
}

hms_token_endpoint::state hms_token_endpoint::judge(std::string_view access_token, int64_t now) {
  key_.assign(access_token);
  auto found = expiry_of_.find(key_);
  if (found == expiry_of_.end()) return state::unknown;
  return now < found->second ? state::good : state::expired;
}

}  // namespace pusher::emulator
