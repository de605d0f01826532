// The protocol on one connection, without its socket: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "tests/emulator/gateway.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/statistics.hpp"

namespace pusher::emulator {

int64_t wall_clock_us();
int64_t steady_clock_us();

/// An answer that waits for its latency to pass.
struct delayed_answer {
  int64_t due_us;  ///< of the steady clock
  uint64_t connection;
  int32_t stream;
};

/// What all sessions share.
struct services {
  const options& settings;
  gateway& google;
  statistics& stats;
  /// In the order in which they are due.
  std::deque<delayed_answer> delayed;

  /// Puts an answer off by the latency that holds now.
  void put_off(uint64_t connection, int32_t stream);
};

/// Who is at the other end of a connection, and at which port.
struct peer {
  uint64_t connection;     ///< counts from 1
  bool sandbox;            ///< came to the sandbox's port
  bool known_certificate;  ///< proved to hold the client certificate
};

class session {
 public:
  virtual ~session() = default;

  /// Takes bytes that arrived. False: close the connection at once, whatever there still is to send.
  virtual bool receive(const uint8_t* data, size_t size) = 0;

  /// Appends what is to be sent, stopping soon after `enough` bytes. False: close at once.
  virtual bool produce(std::string& output, size_t enough) = 0;

  /// Whether nothing remains to be said or heard.
  virtual bool finished() const = 0;

  /// A delayed answer is due now; its stream may be gone.
  virtual void answer_now(int32_t stream) = 0;

  /// Says GOAWAY at once, and leaves the newer half of the open streams unprocessed as far as they are.
  virtual void go_away() {}

  /// Processes the pushes that were held back.
  virtual void release() {}
};

}  // namespace pusher::emulator
