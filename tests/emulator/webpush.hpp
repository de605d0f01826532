// A Web Push service: which pushes it takes, and what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/oracle.hpp"
#include "tests/emulator/vapid.hpp"
#include "tests/emulator/webpush_crypto.hpp"

namespace pusher::emulator {

class webpush_gateway {
 public:
  /// `identity` and `books` must outlive this. `origin` of all endpoints.
  webpush_gateway(std::string origin, const webpush_identity& identity, oracle& books);

  static bool takes(std::string_view path);
  void handle(request& asked, reply& answer, int64_t now_us);

  /// GET /_last: the last message that was decrypted, and its headers.
  void show_last(reply& answer) const;
  /// What the last request said; empty when it could not be decrypted.
  const std::string& plain() const { return plain_; }

 private:
  /// How a push is refused; `status` 0 = it is not. The number is one of Mozilla's list.
  struct refusal {
    int status = 0;
    int errno_code = 0;
  };
  std::string_view decide(const request& asked, const push_facts& push, reply& answer, int64_t now_us);
  refusal judge(const request& asked, std::string_view endpoint, reply& answer, int64_t now_us);
  bool open_body(const request& asked);
  std::string_view word(const scripted_answer& decided, const request& asked, reply& answer);
  std::string_view refuse(int status, std::string_view errno_code, reply& answer);
  void note_fresh(const encrypted_body& body);
  void keep_last(const request& asked);

  const webpush_identity& identity_;
  oracle& books_;
  vapid_judge vapid_;
  std::unordered_set<uint64_t> seen_;  ///< hashes of salts and of senders' keys
  std::string plain_;                  ///< of the request at hand
  bool opened_ = false;                ///< it could be decrypted
  std::string code_;                   ///< of the answer at hand
  std::string last_;                   ///< JSON
  uint64_t message_count_ = 0;
};

}  // namespace pusher::emulator
