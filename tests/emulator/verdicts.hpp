// What the gateway may say to a push, and how it words it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/fcm_message.hpp"

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
  refused_message  ///< 400 as the message's fault says
};

/// HTTP status; 0 = no HTTP answer.
int status_of(verdict what);

/// The word in the log: FCM's errorCode, else the status, else what happened; empty when accepted.
std::string_view code_of(verdict what);

/// Fills the answer, except for `accepted`, `validated` and `refused_message`.
void word(verdict what, reply& answer);

void word_accepted(std::string_view project, std::string_view message_id, reply& answer);
void word_fault(const message_fault& fault, reply& answer);

/// A google.rpc.Status without details, for what is no push.
void word_status(int code, std::string_view message, std::string_view status, reply& answer);

/// Google's page for a path that it does not know.
void word_html_not_found(reply& answer);

}  // namespace pusher::emulator
