// Judges the body of a send request as Google does: JSON, fields, types, target, size.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pusher::emulator {

/// What a message says that the emulator acts upon. Views point into the parsed body.
struct message_facts {
  std::string_view token;        ///< the token or Firebase installation id; empty with a topic or a condition
  std::string_view target;       ///< token, fid, topic or condition; empty when none was found
  std::string_view correlation;  ///< data.notification
  bool validate_only = false;
};

/// Why a message is refused with 400 INVALID_ARGUMENT.
struct message_fault {
  std::string message;
  std::string field;      ///< of the BadRequest detail; empty = no such detail
  bool from_fcm = false;  ///< FCM itself refused it: the answer has an FcmError detail
};

/// Parses in place into memory of its own that is reused; the facts live until the next call.
class message_judge {
 public:
  message_judge();
  ~message_judge();

  /// True when the message is good. The facts are filled as far as possible in any case, for the log.
  bool judge(std::string& body, message_facts& facts, message_fault& fault);

 private:
  struct memory;
  std::unique_ptr<memory> memory_;
};

}  // namespace pusher::emulator
