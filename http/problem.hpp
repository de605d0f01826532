// Errors as clients see them: RFC 9457 problem details, from one table of status and title per code.
#pragma once

#include <initializer_list>
#include <string_view>

#include "http/exchange.hpp"
#include "model/error.hpp"

namespace pusher::http {

/// What a code means in HTTP.
struct problem_kind {
  int status;
  std::string_view title;
  /// What clients read instead of the error's own sentence, which may tell of our insides; empty = the
  /// error's own.
  std::string_view fixed_detail;
};
problem_kind kind_of(errc code);

/// The sentence that a client may read.
std::string_view public_detail(const error& why);

response problem(const error& why, const request& asked);
/// The same with another status than the code's own, for faults of HTTP itself.
response problem(int status, const error& why, const request& asked);
/// 405 with Allow.
response method_not_allowed(std::initializer_list<std::string_view> allowed, const request& asked);

}  // namespace pusher::http
