#include "conf/option_builders.hpp"

namespace pusher {

namespace {

constexpr uint64_t billion = 1'000'000'000;

void add_fcm(std::vector<option>& to) {
  to.push_back(path_option("fcm.service_account_file",
                           "Google's service-account JSON; empty = no FCM credential.",
                           FIELD(fcm.service_account_file)));
  to.push_back(
      text_option("fcm.base_url", "FCM's address; another one for tests and proxies.", FIELD(fcm.base_url)));
  to.push_back(path_option("fcm.ca_file",
                           "Certificate authorities for FCM and its token endpoint; empty = the system's.",
                           FIELD(fcm.ca_file)));
  to.push_back(yes_no_option("fcm.validate_only", "FCM checks every push and delivers none: a dry run.",
                             FIELD(fcm.validate_only)));
  to.push_back(number_option("fcm.messages_per_minute",
                             "The project's quota, shared by the whole cluster; 0 = no limit.", 0, billion,
                             FIELD(fcm.messages_per_minute)));
  to.push_back(number_option("fcm.ramp_seconds", "From an idle start to the full rate; 0 = at once.", 0, 3600,
                             FIELD(fcm.ramp_seconds)));
  to.push_back(
      secret_option("fcm_legacy.server_key",
                    "Key of FCM's legacy API, which Google ended in 2024; for compatible proxies, and "
                    "instead of fcm.service_account_file.",
                    FIELD(fcm_legacy.server_key)));
  to.push_back(text_option("fcm_legacy.base_url", "The proxy's address; /fcm/send is appended.",
                           FIELD(fcm_legacy.base_url)));
  to.push_back(path_option("fcm_legacy.ca_file", "Certificate authorities for it; empty = the system's.",
                           FIELD(fcm_legacy.ca_file)));
}

void add_apns(std::vector<option>& to) {
  to.push_back(path_option("apns.key_file", "Apple's signing key (.p8); empty = no token authentication.",
                           FIELD(apns.key_file)));
  to.push_back(text_option("apns.key_id", "The key's id: 10 characters.", FIELD(apns.key_id)));
  to.push_back(text_option("apns.team_id", "The developer team's id: 10 characters.", FIELD(apns.team_id)));
  to.push_back(text_option("apns.topic", "The app's bundle id; push types add their suffix to it.",
                           FIELD(apns.topic)));
  to.push_back(path_option("apns.certificate_file",
                           "Instead of a key: client certificate and its key, PEM or .p12.",
                           FIELD(apns.certificate_file)));
  to.push_back(secret_option("apns.certificate_password", "Of the .p12 or of the PEM's key; empty = none.",
                             FIELD(apns.certificate_password)));
  to.push_back(
      text_option("apns.base_url", "Production; another one for tests and proxies.", FIELD(apns.base_url)));
  to.push_back(text_option("apns.sandbox_base_url",
                           "Sandbox; empty = Apple's when base_url is Apple's, else none.",
                           FIELD(apns.sandbox_base_url)));
  to.push_back(path_option("apns.ca_file", "Certificate authorities for APNs; empty = the system's.",
                           FIELD(apns.ca_file)));
}

void add_webpush(std::vector<option>& to) {
  to.push_back(path_option("webpush.vapid_key_file",
                           "The application server's key (pusher vapid generate); empty = no Web Push.",
                           FIELD(webpush.vapid_key_file)));
  to.push_back(text_option("webpush.subject",
                           "Whom push services may ask: mailto:ADDRESS or https://PAGE of a public domain.",
                           FIELD(webpush.subject)));
  to.push_back(path_option("webpush.ca_file",
                           "Certificate authorities for push services; empty = the system's.",
                           FIELD(webpush.ca_file)));
  to.push_back(list_option("webpush.allowed_hosts",
                           "Push services that endpoints may name, e.g. fcm.googleapis.com or "
                           "*.push.apple.com; empty = any public one.",
                           FIELD(webpush.allowed_hosts)));
  to.push_back(yes_no_option("webpush.allow_private_addresses",
                             "Endpoints may lead into private networks, on any port: for tests only.",
                             FIELD(webpush.allow_private_addresses)));
}

void add_hms(std::vector<option>& to) {
  to.push_back(text_option("hms.app_id", "Id of the Huawei app; empty = no HMS.", FIELD(hms.app_id)));
  to.push_back(secret_option("hms.app_secret", "Its secret.", FIELD(hms.app_secret)));
  to.push_back(text_option("hms.project_id", "Set to use API v2, which counts by project; empty = v1.",
                           FIELD(hms.project_id)));
  to.push_back(text_option("hms.base_url", "Push Kit's address; another one for tests and proxies.",
                           FIELD(hms.base_url)));
  to.push_back(text_option("hms.token_url", "Where access tokens come from.", FIELD(hms.token_url)));
  to.push_back(path_option("hms.ca_file", "Certificate authorities for both; empty = the system's.",
                           FIELD(hms.ca_file)));
}

}  // namespace

void add_gateway_options(std::vector<option>& to) {
  add_fcm(to);
  add_apns(to);
  add_webpush(to);
  add_hms(to);
}

}  // namespace pusher
