// The one vocabulary of errors: a code per cause, and what callers ask of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pusher {

/// Causes that a caller can tell apart. Stable: clients see the names (see to_string).
enum class errc : uint8_t {
  // What the caller sent.
  malformed_json,          ///< the body is not JSON, or nested too deeply
  invalid_field,           ///< a field has a wrong type or value
  unknown_field,           ///< a field that does not exist
  missing_field,           ///< a required field is absent
  invalid_condition,       ///< a condition cannot be understood
  invalid_cursor,          ///< a paging cursor was not made by us
  cursor_expired,          ///< what comes behind the cursor was deleted
  body_too_large,          ///< over the limit of request bytes
  length_required,         ///< the body's length is not stated
  unsupported_media_type,  ///< a body of a type that the route does not take
  malformed_request,       ///< the HTTP request itself is broken
  unauthenticated,         ///< no API key, or one that is not known
  forbidden,               ///< the API key lacks the scope
  application_suspended,   ///< an operator has suspended the key's application
  not_found,               ///< no such resource in this application
  route_not_found,         ///< no such path
  method_not_allowed,      ///< the path exists, the method does not
  wrong_state,             ///< the notification's state does not allow the step
  precondition_failed,     ///< the resource is not the one that If-Match names
  conflict,                ///< it exists already, or is being changed
  idempotency_mismatch,    ///< the Idempotency-Key was used with another body
  payload_too_large,       ///< the rendered push would exceed the gateway's limit
  credential_refused,      ///< a gateway does not take the credential
  rate_limited,            ///< the caller is too fast
  concurrency_limited,     ///< the caller has too many requests under way
  // What we are missing.
  store_unavailable,    ///< MariaDB does not answer
  journal_unavailable,  ///< Redis does not answer
  journal_lost,         ///< Redis answers, but it is not the journal we worked with
  overloaded,           ///< a bound of ours is reached
  timed_out,            ///< no answer in time; the outcome is unknown
  gateway_unavailable,  ///< a gateway or token endpoint does not answer
  // What the operator must mend.
  invalid_configuration,  ///< a setting is unknown, of a wrong type or out of range
  schema_too_new,         ///< the database was migrated by a newer version
  already_running,        ///< another process holds the data directory
  secrets_key_mismatch,   ///< this node's secrets.key_file is not the one that sealed a credential
  corrupt_data,           ///< a row or journal entry cannot be read
  fenced,                 ///< the lease or claim belongs to someone else now
  internal                ///< a fault of ours
};

/// The stable snake_case name of a code, as clients see it in `code`.
std::string_view to_string(errc code);

/// Whether the same call may succeed later without the caller changing it.
bool is_retryable(errc code);

/// What went wrong, where, and how to mend it.
struct error {
  errc code = errc::internal;
  std::string detail;   ///< one sentence for a person; never contains a secret or push token
  std::string pointer;  ///< JSON pointer to the fault in the request body; empty when there is none
  uint32_t retry_after_seconds = 0;  ///< when to try again; 0 = not said
};

}  // namespace pusher
