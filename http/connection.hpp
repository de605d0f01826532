// One client's connection: reads requests one after the other, answers each exactly once, keeps the time.
//
// Whoever touches the descriptor holds the connection's mutex. Pistache closes the descriptor only after
// `disconnected()` has taken that mutex, so a late answer can never reach another client that got the same
// number. Nothing waits while holding it: an answer that does not fit is finished by the caretaker.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/body_decoder.hpp"
#include "http/request_parser.hpp"
#include "http/response_text.hpp"
#include "http/server_core.hpp"

namespace pusher::http {

/// A connection's socket after it was taken away from Pistache.
struct detached_socket {
  int socket = -1;
  int guard = -1;  ///< closing it tells Pistache that the connection is over
};

/// Takes a connection away from Pistache, on its I/O thread.
class socket_owner {
 public:
  virtual ~socket_owner() = default;
  /// `socket` is -1 when no descriptors are left.
  virtual detached_socket detach(int descriptor) = 0;
};

class connection : public std::enable_shared_from_this<connection> {
 public:
  using clock = std::chrono::steady_clock;

  connection(std::shared_ptr<server_core> core, int descriptor, std::string remote_address);
  ~connection();

  // -- on Pistache's I/O thread --

  void received(std::string_view input, socket_owner& owner);
  /// Must return before the descriptor is closed.
  void disconnected();

  // -- on any thread --

  /// The answer to the request of that number; dropped when the client has gone or the time was up.
  void answer(uint64_t number, response answer, answer_framing framing);
  void cut();
  void cut_if_idle();
  /// Deals with a deadline that has passed.
  void keep_time(clock::time_point now);
  /// Sends more of an answer that did not fit; false when nothing is left to send.
  bool send_more();
  /// -1 when closed. Good for waiting only: a moment later another connection may bear the number.
  int descriptor() const;
  /// When the wait for the client ends; the far future while the client waits for us.
  clock::time_point waits_until() const;

 private:
  enum class phase {
    idle,       ///< between requests
    head,       ///< within a head
    body,       ///< within a body
    waiting,    ///< the request is with the dispatcher
    sending,    ///< the answer did not fit into the socket's buffer
    lingering,  ///< answered for the last time; input is dropped so that no reset overtakes the answer
    detached,   ///< a stream's thread serves the socket
    closed
  };
  using exchange_ptr = std::shared_ptr<exchange>;

  // All with the mutex held. Those that give an exchange give it when a request is complete.
  exchange_ptr take(std::string_view input, socket_owner& owner);
  exchange_ptr take_head(std::string_view& input, socket_owner& owner);
  exchange_ptr begin_request(std::string_view& input, socket_owner& owner);
  exchange_ptr take_body(std::string_view& input, socket_owner& owner);
  exchange_ptr finish_request(std::string_view rest, socket_owner& owner);
  /// Gives the socket to a pool that serves it from now on.
  template <class Pool, class Start>
  void detach(Pool& pool, const char* all_taken, socket_owner& owner, const Start& start);
  void stream(std::string_view rest, socket_owner& owner);
  void follow_progress(socket_owner& owner);
  void drop_while_busy(std::string_view input);
  bool charge(size_t bytes);
  /// Whether the body's stated length was charged with the head; else what arrives is charged as it does.
  bool length_is_charged() const { return !head_.chunked && !head_.gzip; }
  void refuse(const refusal& why);
  std::string refusal_bytes(const refusal& why);
  void send(std::string bytes, bool keep_alive);
  bool flush();
  void sent();
  void shut_down();
  void enter(phase next, clock::duration most);
  void hand_over(const exchange_ptr& complete);

  const std::shared_ptr<server_core> core_;
  const std::string remote_address_;

  mutable std::mutex mutex_;
  int descriptor_;
  phase phase_ = phase::head;
  clock::time_point deadline_;
  uint64_t number_ = 0;  ///< of the current request
  size_t charged_ = 0;   ///< bytes of request_bytes that the unfinished request holds

  head_parser parser_;
  request_head head_;
  answer_framing framing_;  ///< of the answer to the current request
  body_decoder decoder_;
  bool input_while_busy_ = false;

  std::string unsent_;
  size_t sent_bytes_ = 0;
  size_t owed_ = 0;  ///< bytes of unsent_bytes that the answer holds
  bool keep_alive_ = false;
  size_t dropped_bytes_ = 0;
};

}  // namespace pusher::http
