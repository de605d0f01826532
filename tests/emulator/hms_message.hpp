// Judges the body of a Push Kit request as Huawei does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

namespace pusher::emulator {

struct hms_message {
  rapidjson::Document body;               ///< owns what the views point to
  std::vector<std::string_view> targets;  ///< tokens, or a topic or condition alone
  uint64_t content = 0;                   ///< hash of the message without its tokens
  std::string correlation;                ///< what its data call "notification"; empty = nothing
  bool validate_only = false;
  std::string code;  ///< why it is refused; empty = it is not
  std::string fault;
};

/// The targets are filled as far as possible in any case, for the log.
hms_message read_hms_message(const std::string& body);

}  // namespace pusher::emulator
