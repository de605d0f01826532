// Judges the body of a legacy FCM request as Google did.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

namespace pusher::emulator {

struct legacy_message {
  rapidjson::Document body;              ///< owns what the views point to
  std::vector<std::string_view> tokens;  ///< or a condition alone
  uint64_t content = 0;                  ///< hash of the message without its tokens
  bool dry_run = false;
  std::string fault;       ///< why the request is refused with 400; empty = it is not
  std::string_view error;  ///< a literal: why all of its tokens fail; empty = they do not
};

/// The tokens are filled as far as possible in any case, for the log.
legacy_message read_legacy_message(const std::string& body);

}  // namespace pusher::emulator
