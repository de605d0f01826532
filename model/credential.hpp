// A credential: what an application signs in with at a gateway. Its secret part is shown to nobody again.
#pragma once

#include <array>
#include <string>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"

namespace pusher {

/// Internal key of a credential. Clients know it by its public id (UUIDv7).
using credential_key = row_id<struct credential_tag>;

/// What was uploaded, secrets included. Which members count depends on the gateway; the others are empty.
struct credential_content {
  pusher::gateway gateway = gateway::fcm;
  std::string service_account;  ///< fcm: Google's JSON file
  std::string key;              ///< apns: Apple's .p8, PEM
  std::string key_id;           ///< apns, with a key; likewise team_id
  std::string team_id;
  std::string topic;                 ///< apns: the app's bundle id
  std::string certificate;           ///< apns: instead of a key; PEM with its key, or the bytes of PKCS #12
  std::string certificate_password;  ///< empty = none
  std::string vapid_key;             ///< webpush: PEM
  std::string subject;               ///< webpush: mailto: or https:
  std::string app_id;                ///< hms
  std::string app_secret;            ///< hms
  std::string project_id;            ///< hms: empty = API v1
};

/// The text that is sealed: JSON, only what is not empty.
std::string to_text(const credential_content& content);
/// Errors: corrupt_data.
result<credential_content> parse_credential_content(std::string_view text);

struct credential {
  credential_key key;
  std::string id;  ///< the public one
  application_id application;
  std::string name;  ///< unique in its application
  pusher::gateway gateway = gateway::fcm;
  bool production = true;  ///< which of APNs's worlds it is for; both true for every other gateway
  bool sandbox = true;
  bool active = false;
  std::string facts = "{}";  ///< a JSON object with what may be shown, e.g. key ids and fingerprints
  std::string sealed;        ///< the content, see transports/key_ring.hpp
  utc_ms expires_at = 0;     ///< 0 = never, or not known
  utc_ms created_at = 0;
  utc_ms updated_at = 0;
  utc_ms activated_at = 0;  ///< 0 = never
  utc_ms verified_at = 0;   ///< when its gateway last took it; 0 = never
  std::string last_error;   ///< of the last verification; empty = it went well
  utc_ms last_error_at = 0;

  bool serves(environment where) const { return where == environment::sandbox ? sandbox : production; }
};

/// What the sealed text is bound to: moved to another row, it cannot be read.
std::string seal_context_of(const credential& of);

}  // namespace pusher
