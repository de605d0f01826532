// Voluntary application server identification (RFC 8292): who sends, signed for each push service.
#pragma once

#include <cstdint>
#include <string>

#include "model/result.hpp"
#include "transports/jwt.hpp"

namespace pusher {

/// A signature lives 12 hours; a push service takes at most 24.
inline constexpr int64_t vapid_lifetime_seconds = 12 * 3600;

/// The authorization field for an origin such as `https://push.example.net`, from `now` on. Errors: internal.
result<std::string> vapid_authorization(const ec_key& key, const std::string& origin,
                                        const std::string& subject, int64_t now);

/// Whether push services take that contact: mailto:ADDRESS or https://PAGE of a public domain; Apple answers
/// 403 for others. Errors: invalid_configuration.
result<void> check_vapid_subject(const std::string& subject);

}  // namespace pusher
