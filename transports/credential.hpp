// Uploaded credentials: what they say, whether they can work, and the transports that sign in with them.
#pragma once

#include <memory>
#include <string>

#include "conf/settings.hpp"
#include "model/credential.hpp"
#include "model/result.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// What may be shown of a credential.
struct credential_facts {
  std::string json = "{}";  ///< a JSON object of texts: key ids, addresses, fingerprints
  utc_ms expires_at = 0;    ///< a certificate's end; 0 = it has none
};

/// Reads keys and certificates. Errors: invalid_field with a pointer to the field of the upload; never shows
/// a secret. `config` says where access tokens may be fetched: who uploads must not choose whom we call.
result<credential_facts> examine(const credential_content& content, const settings& config);

/// Under which name the credential's rate is counted: credentials of one project share its quota.
std::string rate_name_of(const credential_content& content);

/// The tokens that an APNs key signs, for both environments; null for every other credential. Errors:
/// invalid_configuration.
result<std::shared_ptr<provider_token_keeper>> make_provider_tokens(const credential_content& content);

/// A transport of the channel. Addresses and authorities come from the settings. `tokens` as made above.
/// Errors: invalid_configuration, internal.
result<std::unique_ptr<transport>> make_transport(const credential_content& content, channel which,
                                                  const settings& config,
                                                  const std::shared_ptr<provider_token_keeper>& tokens,
                                                  answer_sink& sink);

}  // namespace pusher
