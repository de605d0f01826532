// FCM HTTP v1: which pushes it takes, and what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/fcm_message.hpp"
#include "tests/emulator/oauth.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/oracle.hpp"

namespace pusher::emulator {

class fcm_gateway {
 public:
  /// `tokens` and `books` must outlive this.
  fcm_gateway(const options& settings, token_endpoint& tokens, oracle& books);

  static bool takes(std::string_view path);
  void handle(request& asked, reply& answer, int64_t now_us);

 private:
  void push(request& asked, reply& answer, int64_t now_us);
  scripted_answer judge(const request& asked, reply& answer, bool good_message, const message_facts& facts,
                        const push_facts& push, int64_t now_us);
  verdict judge_credentials(const request& asked, int64_t now_us);
  void take_project(const std::string& project);
  std::string_view word_any(const scripted_answer& decided, const message_fault& fault, const request& asked,
                            reply& answer, int64_t now_us);
  std::string_view next_message_id(int64_t now_us);

  token_endpoint& tokens_;
  oracle& books_;
  std::string first_project_;
  std::string project_;    ///< of who asked last
  std::string push_path_;  ///< of that project
  message_judge judge_;
  std::string message_id_;
  uint64_t message_count_ = 0;
};

}  // namespace pusher::emulator
