#include "transports/service_account.hpp"

#include <fstream>
#include <sstream>

#include <rapidjson/document.h>

#include "model/json.hpp"

namespace pusher {

namespace {

constexpr std::string_view scope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr int64_t lifetime_seconds = 3600;  // the longest that Google takes

error refuse(const std::string& name, const std::string& why) {
  return {errc::invalid_configuration, "service account file " + name + ": " + why, "", 0};
}

/// The members of the file that are strings.
class file_fields {
 public:
  file_fields(const rapidjson::Document& from, const std::string& name) : from_(from), name_(name) {}

  std::string take(const char* field) {
    auto found = from_.FindMember(field);
    if (found != from_.MemberEnd() && found->value.IsString() && found->value.GetStringLength() > 0)
      return std::string(json::view(found->value));
    if (missing_.empty()) missing_ = field;
    return {};
  }

  result<void> complete() const {
    if (missing_.empty()) return {};
    return refuse(name_, "'" + missing_ + "' is missing or not a string");
  }

 private:
  const rapidjson::Document& from_;
  const std::string& name_;
  std::string missing_;
};

/// The assertion is a credential: it goes in plain text to this machine at most.
bool may_carry_credentials(const std::string& url) {
  for (const char* allowed : {"https://", "http://127.0.0.1:", "http://127.0.0.1/",
                              "http://localhost:", "http://localhost/", "http://[::1]:", "http://[::1]/"})
    if (url.rfind(allowed, 0) == 0) return true;
  return false;
}

rapidjson::Value text(std::string_view value, rapidjson::Document& owner) {
  return {value.data(), static_cast<rapidjson::SizeType>(value.size()), owner.GetAllocator()};
}

std::string header_of(const service_account& account) {
  rapidjson::Document header(rapidjson::kObjectType);
  auto& pool = header.GetAllocator();
  header.AddMember("alg", "RS256", pool);
  header.AddMember("typ", "JWT", pool);
  header.AddMember("kid", text(account.private_key_id, header), pool);
  return json::to_text(header);
}

std::string claims_of(const service_account& account, int64_t now_seconds) {
  rapidjson::Document claims(rapidjson::kObjectType);
  auto& pool = claims.GetAllocator();
  claims.AddMember("iss", text(account.client_email, claims), pool);
  claims.AddMember("scope", text(scope, claims), pool);
  claims.AddMember("aud", text(account.token_uri, claims), pool);
  claims.AddMember("iat", now_seconds, pool);
  claims.AddMember("exp", now_seconds + lifetime_seconds, pool);
  return json::to_text(claims);
}

}  // namespace

result<service_account> load_service_account(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return refuse(path, "cannot be read");
  return parse_service_account(text.str(), path);
}

result<service_account> parse_service_account(std::string_view json_text, const std::string& name) {
  auto parsed = json::parse(json_text);
  if (!parsed || !parsed->IsObject()) return refuse(name, "is not a JSON object");
  file_fields fields(*parsed, name);
  if (fields.take("type") != "service_account") return refuse(name, "'type' is not 'service_account'");
  auto project_id = fields.take("project_id");
  auto client_email = fields.take("client_email");
  auto private_key_id = fields.take("private_key_id");
  auto private_key = fields.take("private_key");
  auto token_uri = fields.take("token_uri");
  if (auto complete = fields.complete(); !complete) return complete.failure();
  if (project_id.find_first_of("/?#% \r\n") != std::string::npos)
    return refuse(name, "'project_id' is malformed");
  if (!may_carry_credentials(token_uri)) return refuse(name, "'token_uri' must be an https URL");
  auto key = rsa_key::parse(private_key);
  if (!key) return refuse(name, "'private_key' is " + key.failure().detail);
  return service_account{project_id, client_email, private_key_id, token_uri, *std::move(key)};
}

result<std::string> make_assertion(const service_account& account, utc_ms now) {
  return account.key.sign_jwt(header_of(account), claims_of(account, now / 1000));
}

}  // namespace pusher
