// A Google service account: the file with which we sign in, and the assertion made with it.
#pragma once

#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/result.hpp"
#include "transports/jwt.hpp"

namespace pusher {

struct service_account {
  std::string project_id;
  std::string client_email;
  std::string private_key_id;
  std::string token_uri;
  rsa_key key;
};

/// Reads and checks the JSON file that Google's console gives out. Errors: invalid_configuration, naming file
/// and field; never shows the key.
result<service_account> load_service_account(const std::string& path);

/// The same from text; `name` stands for the file in errors.
result<service_account> parse_service_account(std::string_view json, const std::string& name);

/// The signed JWT that is exchanged for an access token; valid for an hour from `now`.
result<std::string> make_assertion(const service_account& account, utc_ms now);

}  // namespace pusher
