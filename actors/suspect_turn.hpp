// Whose turn it is, among the senders of a process, to send batches that may kill it.
#pragma once

#include <atomic>

namespace pusher {

/// One sender's part in the turn that all of a process share. Given back when it goes.
class suspect_turn {
 public:
  /// `owner` holds 0 while it is nobody's; `us` is another number for each sender.
  suspect_turn(std::atomic<unsigned>& owner, unsigned us) : owner_(owner), us_(us) {}
  ~suspect_turn() { keep_if(false); }
  suspect_turn(const suspect_turn&) = delete;
  suspect_turn& operator=(const suspect_turn&) = delete;

  /// Whether it is ours now.
  bool take() {
    unsigned nobody = 0;
    return owner_ == us_ || owner_.compare_exchange_strong(nobody, us_);
  }
  /// Gives it back unless it is needed.
  void keep_if(bool needed) {
    auto us = us_;
    if (!needed) owner_.compare_exchange_strong(us, 0);
  }

 private:
  std::atomic<unsigned>& owner_;
  unsigned us_;
};

}  // namespace pusher
