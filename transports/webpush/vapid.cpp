#include "transports/webpush/vapid.hpp"

#include <algorithm>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "transports/base64url.hpp"

namespace pusher {

namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// The domain of an address or a page; empty when there is none.
std::string domain_of(const std::string& subject) {
  if (subject.rfind("mailto:", 0) == 0) {
    auto at = subject.rfind('@');
    return at == std::string::npos || at == 7 ? "" : subject.substr(at + 1);
  }
  if (subject.rfind("https://", 0) != 0) return "";
  auto host = subject.substr(8, subject.find_first_of("/?#", 8) - 8);
  return host.substr(0, host.find(':'));
}

bool is_public_domain(std::string domain) {
  std::transform(domain.begin(), domain.end(), domain.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  bool letters = std::all_of(domain.begin(), domain.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c >= 0x80;
  });
  auto dot = domain.rfind('.');
  if (!letters || dot == std::string::npos || dot == 0 || dot + 2 >= domain.size()) return false;
  bool number = domain.find_first_not_of("0123456789", dot + 1) == std::string::npos;
  for (const char* closed : {".localhost", ".invalid", ".local", ".test", ".example", ".internal", ".lan"})
    if (ends_with("." + domain, closed)) return false;
  return !number;
}

}  // namespace

result<std::string> vapid_authorization(const ec_key& key, const std::string& origin,
                                        const std::string& subject, int64_t now) {
  rapidjson::StringBuffer claims;
  rapidjson::Writer<rapidjson::StringBuffer> writer(claims);
  writer.StartObject();
  writer.Key("aud");
  writer.String(origin.c_str());
  writer.Key("exp");
  writer.Int64(now + vapid_lifetime_seconds);
  writer.Key("sub");
  writer.String(subject.c_str());
  writer.EndObject();
  auto token = key.sign_jwt(R"({"typ":"JWT","alg":"ES256"})", {claims.GetString(), claims.GetSize()});
  if (!token) return std::move(token).failure();
  auto point = key.public_point();
  return "vapid t=" + *token +
         ", k=" + to_base64url({reinterpret_cast<const char*>(point.data()), point.size()});
}

result<void> check_vapid_subject(const std::string& subject) {
  if (is_public_domain(domain_of(subject))) return {};
  return error{errc::invalid_configuration,
               "webpush.subject is mailto:ADDRESS or https://PAGE of a public domain; push services refuse "
               "others",
               "", 0};
}

}  // namespace pusher
