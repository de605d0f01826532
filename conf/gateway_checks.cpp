#include "conf/gateway_checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "conf/secret_file.hpp"
#include "conf/wrong.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

bool starts_with(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

result<void> check_addresses(const settings& values) {
  for (const auto& [name, url] :
       {std::pair("fcm.base_url", values.fcm.base_url),
        std::pair("fcm_legacy.base_url", values.fcm_legacy.base_url),
        std::pair("apns.base_url", values.apns.base_url),
        std::pair("apns.sandbox_base_url", values.apns.sandbox_base_url),
        std::pair("hms.base_url", values.hms.base_url), std::pair("hms.token_url", values.hms.token_url)})
    if (!url.empty() && !starts_with(url, "https://"))
      return wrong(std::string(name) + " begins with https://.");
  for (const auto& [name, path] :
       {std::pair("fcm.ca_file", values.fcm.ca_file),
        std::pair("fcm_legacy.ca_file", values.fcm_legacy.ca_file),
        std::pair("apns.ca_file", values.apns.ca_file), std::pair("webpush.ca_file", values.webpush.ca_file),
        std::pair("hms.ca_file", values.hms.ca_file)})
    if (!path.empty() && access(path.c_str(), R_OK) != 0)
      return wrong(std::string(name) + ": cannot read " + path + ".");
  return {};
}

result<void> check_service_account(const std::string& path) {
  auto text = read_secret("fcm.service_account_file", path);
  if (!text) return text.failure();
  auto document = json::parse(*text);
  if (!document || !document->IsObject())
    return wrong("fcm.service_account_file: " + path + " is not the JSON file of a service account.");
  for (const char* name : {"client_email", "private_key", "token_uri", "project_id"})
    if (!document->HasMember(name) || !(*document)[name].IsString())
      return wrong("fcm.service_account_file: " + path + " lacks \"" + name + "\".");
  return {};
}

bool is_apple_id(const std::string& text) {
  return text.size() == 10 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

result<void> check_apns(const apns_settings& apns) {
  if (!apns.configured()) return {};
  if (!apns.key_file.empty() && !apns.certificate_file.empty())
    return wrong(
        "apns.key_file and apns.certificate_file exclude each other: a key serves all apps of a team.");
  if (apns.topic.empty()) return wrong("apns.topic is missing: the app's bundle id, e.g. com.example.app.");
  if (!apns.certificate_file.empty())
    return refuse_if_others_can_read("apns.certificate_file", apns.certificate_file);
  if (!is_apple_id(apns.key_id))
    return wrong("apns.key_id has 10 capital letters and digits; it is in the name of Apple's .p8 file.");
  if (!is_apple_id(apns.team_id))
    return wrong(
        "apns.team_id has 10 capital letters and digits; the developer account's membership page shows it.");
  return refuse_if_others_can_read("apns.key_file", apns.key_file);
}

result<void> check_webpush(const webpush_settings& webpush) {
  if (webpush.vapid_key_file.empty()) return {};
  if (!starts_with(webpush.subject, "mailto:") && !starts_with(webpush.subject, "https://"))
    return wrong("webpush.subject is mailto:ADDRESS or https://PAGE, so that push services can reach you.");
  return refuse_if_others_can_read("webpush.vapid_key_file", webpush.vapid_key_file);
}

result<void> check_hms(const hms_settings& hms) {
  if (!hms.app_id.empty() && hms.app_secret.empty())
    return wrong("hms.app_secret (or hms.app_secret_file) is missing for hms.app_id.");
  if (hms.app_id.empty() && !hms.app_secret.empty())
    return wrong("hms.app_id is missing for hms.app_secret.");
  return {};
}

}  // namespace

result<void> check_gateways(const settings& values) {
  if (auto good = check_addresses(values); !good) return good;
  if (!values.fcm.service_account_file.empty())
    if (auto good = check_service_account(values.fcm.service_account_file); !good) return good;
  if (auto good = check_apns(values.apns); !good) return good;
  if (auto good = check_webpush(values.webpush); !good) return good;
  return check_hms(values.hms);
}

}  // namespace pusher
