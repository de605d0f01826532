// The legacy FCM HTTP API: which pushes it takes, and what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/legacy_message.hpp"
#include "tests/emulator/oracle.hpp"

namespace pusher::emulator {

struct legacy_identity {
  std::string server_key;
};

class legacy_gateway {
 public:
  /// Both must outlive this.
  legacy_gateway(const legacy_identity& identity, oracle& books);

  static bool takes(std::string_view path) { return path == "/fcm/send"; }
  void handle(request& asked, reply& answer, int64_t now_us);

 private:
  bool refuse(const request& asked, const legacy_message& message, reply& answer, int64_t now_us);
  void deliver(const request& asked, const legacy_message& message, reply& answer, int64_t now_us);
  bool word_request(const scripted_answer& decided, const request& asked, reply& answer);
  void word_plain(int status, std::string_view text, reply& answer);
  void word_results(const legacy_message& message, reply& answer, int64_t now_us);
  push_facts facts_of(const legacy_message& message, std::string_view token) const;

  const legacy_identity& identity_;
  oracle& books_;
  std::string_view code_;                 ///< of the whole request at hand; empty = see the errors
  std::string code_memory_;               ///< what `code_` may point to
  std::vector<std::string_view> errors_;  ///< by the number of the token; empty = accepted
  uint64_t message_count_ = 0;
};

}  // namespace pusher::emulator
