// Orders at run time: POST /_control.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/gateway_kind.hpp"
#include "tests/emulator/orders.hpp"
#include "tests/emulator/verdict.hpp"

namespace pusher::emulator {

/// One message, read completely before any of it is done.
struct control_message {
  std::optional<gateway_kind> gateway;  ///< that `fail` is about; none = all
  std::optional<verdict> fail;          ///< `accepted` = no longer
  std::optional<bool> hold;
  std::optional<bool> revoke_keys;
  std::optional<int64_t> delay_ms;
  std::string revoke_key;  ///< id of one of APNs's keys; empty = none
  bool revoke_tokens = false;
  bool expire_keys = false;
  orders given;
};

/// Nothing when it is not one of the messages that --help describes.
std::optional<control_message> read_control(std::string_view body);

}  // namespace pusher::emulator
