// What becomes of a connection when an exception passes through its use.
#pragma once

#include <exception>

namespace pusher {

/// Throws the connection away then: it may be in the midst of a transaction, which the next one would commit,
/// or of replies that the next command would take for its own.
template <class Connection>
class dropped_by_exceptions {
 public:
  explicit dropped_by_exceptions(Connection& of) : of_(of) {}
  ~dropped_by_exceptions() {
    if (std::uncaught_exceptions() > before_) of_.drop();
  }
  dropped_by_exceptions(const dropped_by_exceptions&) = delete;
  dropped_by_exceptions& operator=(const dropped_by_exceptions&) = delete;

 private:
  Connection& of_;
  const int before_ = std::uncaught_exceptions();
};

}  // namespace pusher
