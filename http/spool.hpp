// Bytes on their way to a client that does not read yet: a little in memory, the rest in a file without a
// name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pusher::http {

/// A client may send all of an import before it reads the first result. Not thread-safe.
class spool {
 public:
  spool() = default;
  ~spool();
  spool(const spool&) = delete;
  spool& operator=(const spool&) = delete;

  /// False when it can take no more: nothing was taken.
  bool push(std::string_view bytes);
  /// The next bytes to send, at most 64 KiB; empty when there are none. Valid until the next call.
  std::string_view front();
  /// Forgets bytes of front() that were sent.
  void pop(size_t count);
  bool empty() const { return size() == 0; }
  uint64_t size() const { return memory_.size() - popped_ + (write_at_ - read_at_); }

  static constexpr size_t most_in_memory = 512 * 1024;
  static constexpr uint64_t most_in_file = uint64_t{1} << 30;

 private:
  bool push_to_file(std::string_view bytes);

  std::string memory_;  ///< the older bytes; the file holds what follows them
  size_t popped_ = 0;
  int file_ = -1;
  uint64_t read_at_ = 0, write_at_ = 0;
};

}  // namespace pusher::http
