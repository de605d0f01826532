// Huawei Push Kit: which pushes it takes, and what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/hms_message.hpp"
#include "tests/emulator/hms_tokens.hpp"
#include "tests/emulator/oracle.hpp"

namespace pusher::emulator {

class hms_gateway {
 public:
  /// Both must outlive this.
  hms_gateway(hms_token_endpoint& tokens, oracle& books);

  /// /v1/<app id>/messages:send, and /v2/ with a project's id, which is the same number here.
  static bool takes(std::string_view path);
  void handle(request& asked, reply& answer, int64_t now_us);

 private:
  std::string_view decide(const request& asked, const hms_message& message, reply& answer, int64_t now_us);
  std::string_view refuse(const request& asked, const hms_message& message, reply& answer, int64_t now_us);
  std::string_view deliver(const request& asked, const hms_message& message, reply& answer);
  std::string_view word(const scripted_answer& decided, const request& asked, reply& answer);
  void put(int status, std::string_view code, std::string_view text, reply& answer);
  push_facts facts_of(const hms_message& message, std::string_view target) const;

  hms_token_endpoint& tokens_;
  oracle& books_;
  std::string code_;           ///< of the answer at hand
  std::vector<bool> illegal_;  ///< by the number of the target; empty = none is
  uint64_t request_count_ = 0;
};

}  // namespace pusher::emulator
