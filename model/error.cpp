#include "model/error.hpp"

namespace pusher {

std::string_view to_string(errc code) {
  switch (code) {
    case errc::malformed_json:
      return "malformed_json";
    case errc::invalid_field:
      return "invalid_field";
    case errc::unknown_field:
      return "unknown_field";
    case errc::missing_field:
      return "missing_field";
    case errc::invalid_condition:
      return "invalid_condition";
    case errc::invalid_cursor:
      return "invalid_cursor";
    case errc::cursor_expired:
      return "cursor_expired";
    case errc::body_too_large:
      return "body_too_large";
    case errc::length_required:
      return "length_required";
    case errc::unsupported_media_type:
      return "unsupported_media_type";
    case errc::malformed_request:
      return "malformed_request";
    case errc::unauthenticated:
      return "unauthenticated";
    case errc::forbidden:
      return "forbidden";
    case errc::application_suspended:
      return "application_suspended";
    case errc::not_found:
      return "not_found";
    case errc::route_not_found:
      return "route_not_found";
    case errc::method_not_allowed:
      return "method_not_allowed";
    case errc::wrong_state:
      return "wrong_state";
    case errc::precondition_failed:
      return "precondition_failed";
    case errc::conflict:
      return "conflict";
    case errc::idempotency_mismatch:
      return "idempotency_mismatch";
    case errc::payload_too_large:
      return "payload_too_large";
    case errc::credential_refused:
      return "credential_refused";
    case errc::rate_limited:
      return "rate_limited";
    case errc::concurrency_limited:
      return "concurrency_limited";
    case errc::store_unavailable:
      return "store_unavailable";
    case errc::journal_unavailable:
      return "journal_unavailable";
    case errc::journal_lost:
      return "journal_lost";
    case errc::overloaded:
      return "overloaded";
    case errc::timed_out:
      return "timed_out";
    case errc::gateway_unavailable:
      return "gateway_unavailable";
    case errc::invalid_configuration:
      return "invalid_configuration";
    case errc::schema_too_new:
      return "schema_too_new";
    case errc::already_running:
      return "already_running";
    case errc::secrets_key_mismatch:
      return "secrets_key_mismatch";
    case errc::corrupt_data:
      return "corrupt_data";
    case errc::fenced:
      return "fenced";
    case errc::internal:
      return "internal";
  }
  return "internal";
}

bool is_retryable(errc code) {
  switch (code) {
    case errc::rate_limited:
    case errc::concurrency_limited:
    case errc::store_unavailable:
    case errc::journal_unavailable:
    case errc::journal_lost:
    case errc::overloaded:
    case errc::timed_out:
    case errc::gateway_unavailable:
      return true;
    case errc::malformed_json:
    case errc::invalid_field:
    case errc::unknown_field:
    case errc::missing_field:
    case errc::invalid_condition:
    case errc::invalid_cursor:
    case errc::cursor_expired:
    case errc::body_too_large:
    case errc::length_required:
    case errc::unsupported_media_type:
    case errc::malformed_request:
    case errc::unauthenticated:
    case errc::forbidden:
    case errc::application_suspended:
    case errc::not_found:
    case errc::route_not_found:
    case errc::method_not_allowed:
    case errc::wrong_state:
    case errc::precondition_failed:
    case errc::conflict:
    case errc::idempotency_mismatch:
    case errc::payload_too_large:
    case errc::credential_refused:
    case errc::secrets_key_mismatch:
    case errc::invalid_configuration:
    case errc::schema_too_new:
    case errc::already_running:
    case errc::corrupt_data:
    case errc::fenced:
    case errc::internal:
      return false;
  }
  return false;
}

}  // namespace pusher
