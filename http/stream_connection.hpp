// A socket that was taken away from the server: one request whose body is read, and whose answer is written,
// piece by piece on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "http/body_decoder.hpp"
#include "http/connection.hpp"
#include "http/exchange.hpp"
#include "http/spool.hpp"

namespace pusher::http {

class stream_connection {
 public:
  using clock = std::chrono::steady_clock;

  /// `early` is what arrived behind the head. `most_silence`: how long the client may send nothing, or read
  /// nothing while that holds us up. `canceled` ends every wait early.
  stream_connection(detached_socket taken, const request_head& head, std::string early,
                    std::chrono::seconds most_silence, const std::atomic<bool>& canceled);
  ~stream_connection();
  stream_connection(const stream_connection&) = delete;
  stream_connection& operator=(const stream_connection&) = delete;

  enum class got {
    bytes,    ///< `body` grew
    nothing,  ///< no byte came within `most_wait`
    all,      ///< the body is complete (it may have grown)
    broken    ///< see why(); nothing more can be read
  };
  /// Reads more of the body, and meanwhile sends what waits to be sent.
  got read(std::string& body, std::chrono::milliseconds most_wait);
  const refusal& why() const { return why_; }

  /// Answers the whole request; instead of begin() and write().
  void answer(const response& whole, const std::string& request_id);
  /// The head of an answer whose body follows by write().
  void begin(const response& head, const std::string& request_id);
  /// Queues a piece of the answer's body; waits only when more is queued than may be.
  void write(std::string_view piece);
  /// Sends all that is queued and ends the answer properly.
  void finish();

 private:
  got decode(std::string_view& input, std::string& body);
  got break_off(int status, std::string detail);
  got receive(std::string& body);
  void queue(std::string_view bytes);
  bool send_some();
  /// Sends what is queued, dropping input, until `enough` or the client stalls.
  template <class Enough>
  void send_until(const Enough& enough);
  void linger();

  const detached_socket taken_;
  const std::chrono::seconds most_silence_;
  const std::atomic<bool>& canceled_;
  const bool chunked_;
  bool owes_continue_;
  std::string early_;
  body_decoder decoder_;
  bool complete_ = false;
  bool lost_ = false;  ///< nothing can be sent any more
  clock::time_point last_heard_ = clock::now();
  spool unsent_;
  refusal why_;
};

}  // namespace pusher::http
