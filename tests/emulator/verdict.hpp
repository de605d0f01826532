// What a gateway may decide about a push, before it is put into that gateway's words.
#pragma once

#include <cstdint>
#include <string_view>

namespace pusher::emulator {

enum class verdict : uint8_t {
  accepted,
  validated,  ///< validate_only
  unregistered,
  bad_payload,
  bad_token,
  sender_mismatch,
  third_party_auth,
  quota_exceeded,
  unavailable,
  internal,
  unauthenticated,
  no_credentials,
  permission_denied,
  html_not_found,
  hang,
  reset,
  refused_stream,
  garbage,
  huge,
  redirect,
  refused_message,  ///< 400 as the message's fault says
  said              ///< what the token's text says
};

/// What the script wants for one push.
struct scripted_answer {
  scripted_answer(verdict decided = verdict::accepted) : what(decided) {}

  verdict what;

  // The rest with verdict::said only. The code points into the token's text.
  int status = 0;
  std::string_view code;
  int retry_after_seconds = 0;  ///< 0 = no such header
  int64_t timestamp_ms = -1;    ///< of a 410; -1 = now
};

}  // namespace pusher::emulator
