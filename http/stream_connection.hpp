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
  /// Closes. Without answer() or finish() before, the client sees that the answer is not whole.
  ~stream_connection();
  stream_connection(const stream_connection&) = delete;
  stream_connection& operator=(const stream_connection&) = delete;

  enum class got {
    bytes,    ///< `body` grew
    nothing,  ///< no byte came within `most_wait`
    all,      ///< the body is complete (it may have grown)
    broken    ///< see why(); nothing more can be read
  };
  /// Tells a client that waits for it to send its body. Before begin(): behind a head it would stand in the
  /// answer's body.
  void invite_body();
  /// Reads more of the body, and meanwhile sends what waits to be sent.
  got read(std::string& body, std::chrono::milliseconds most_wait);
  const refusal& why() const { return why_; }

  /// Answers the whole request; instead of begin() and write().
  void answer(const response& whole);
  /// The head of an answer whose body follows by write().
  void begin(const response& head);
  /// Queues a piece of the answer's body; waits only when more is queued than may be.
  void write(std::string_view piece);
  /// Writes a piece as the client reads: waits until little is queued. False when it reads no more.
  bool write_as_read(std::string_view piece);
  /// Sends what is queued for as long as this, or until the client has gone.
  void pause(std::chrono::milliseconds most);
  /// Sends all that is queued and ends the answer properly.
  void finish();
  /// Sends what is queued, and ends the answer so that the client sees that more was to come.
  void break_answer_off();

  /// Whether the request was HEAD: nothing follows the head of the answer.
  bool head_only() const { return framing_.head_only; }
  /// Whether nothing can be sent any more.
  bool lost() const { return lost_; }

 private:
  got decode(std::string_view& input, std::string& body);
  got break_off(int status, std::string detail);
  got receive(std::string& body);
  void queue(std::string_view bytes);
  bool send_some();
  /// Sends what is queued, dropping input, until `enough` or the client stalls.
  template <class Enough>
  void send_until(const Enough& enough);
  void send_all();
  void await_farewell();

  const detached_socket taken_;
  const std::chrono::seconds most_silence_;
  const std::atomic<bool>& canceled_;
  const bool chunked_;
  const answer_framing framing_;
  bool owes_continue_;
  std::string early_;
  body_decoder decoder_;
  bool complete_ = false;
  bool lost_ = false;   ///< nothing can be sent any more
  bool whole_ = false;  ///< all of the answer was sent
  clock::time_point last_heard_ = clock::now();
  spool unsent_;
  refusal why_;
};

}  // namespace pusher::http
