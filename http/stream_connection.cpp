#include "http/stream_connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "http/response_text.hpp"

namespace pusher::http {

namespace {

using std::chrono::milliseconds;

constexpr size_t piece_bytes = 64 * 1024;
constexpr auto slice = milliseconds(200);  // after which a wait looks whether it was canceled
constexpr auto longest_linger = std::chrono::seconds(2);
// What stays queued while the next piece is made: enough to keep the client busy, never so much that it would
// go to a file.
constexpr auto most_ahead = spool::most_in_memory - 2 * piece_bytes;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/// The connection ends with the answer.
answer_framing framing_of(const request_head& head) {
  auto framing = head.framing;
  framing.keep_alive = false;
  return framing;
}

int as_timeout(milliseconds wait) {
  return static_cast<int>(wait.count());
}

}  // namespace

stream_connection::stream_connection(detached_socket taken, const request_head& head, std::string early,
                                     std::chrono::seconds most_silence, const std::atomic<bool>& canceled)
    : taken_(taken),
      most_silence_(most_silence),
      canceled_(canceled),
      chunked_(!head.http_1_0),
      framing_(framing_of(head)),
      owes_continue_(head.expects_continue),
      early_(std::move(early)),
      decoder_(head),
      complete_(!head.has_body()) {}

stream_connection::~stream_connection() {
  if (!whole_ && !chunked_) {
    // To HTTP/1.0 the end of the connection is the end of the answer; a reset is not.
    linger reset{1, 0};
    setsockopt(taken_.socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close(taken_.socket);
  close(taken_.guard);
}

// -- reading --

void stream_connection::invite_body() {
  if (std::exchange(owes_continue_, false) && early_.empty()) queue("HTTP/1.1 100 Continue\r\n\r\n");
}

stream_connection::got stream_connection::read(std::string& body, milliseconds most_wait) {
  if (complete_) return got::all;
  if (decoder_.pending()) {
    std::string_view nothing_new;
    return decode(nothing_new, body);
  }
  if (!early_.empty()) {
    auto input = std::exchange(early_, {});
    std::string_view view(input);
    return decode(view, body);
  }
  pollfd wait{taken_.socket, static_cast<short>(POLLIN | (unsent_.empty() ? 0 : POLLOUT)), 0};
  poll(&wait, 1, as_timeout(std::min(most_wait, slice)));
  if (canceled_) return break_off(503, "The node is ending; ask another.");
  if ((wait.revents & POLLOUT) != 0) send_some();
  if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) return receive(body);
  if (clock::now() - last_heard_ > most_silence_) return break_off(408, "The body did not arrive in time.");
  return got::nothing;
}

stream_connection::got stream_connection::receive(std::string& body) {
  char bytes[piece_bytes];
  auto count = recv(taken_.socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0 && would_block()) return got::nothing;
  if (count <= 0) return break_off(400, "The connection ended before the body did.");
  last_heard_ = clock::now();
  std::string_view input(bytes, static_cast<size_t>(count));
  return decode(input, body);
}

stream_connection::got stream_connection::decode(std::string_view& input, std::string& body) {
  switch (decoder_.feed(input, body)) {
    case body_decoder::state::incomplete:
      return got::bytes;
    case body_decoder::state::complete:
      complete_ = true;
      return got::all;
    case body_decoder::state::refused:
      return break_off(decoder_.why().status, decoder_.why().why.detail);
  }
  return got::broken;
}

stream_connection::got stream_connection::break_off(int status, std::string detail) {
  why_ = {status, {errc::malformed_request, std::move(detail), "", 0}};
  return got::broken;
}

// -- writing --

void stream_connection::answer(const response& whole) {
  queue(to_bytes(whole, framing_));
  send_all();
}

void stream_connection::begin(const response& head) {
  queue(streamed_head(head, framing_, chunked_));
}

void stream_connection::write(std::string_view piece) {
  if (piece.empty()) return;
  if (!chunked_) return queue(piece);
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  std::string framed(size);
  framed.append(piece).append("\r\n");
  queue(framed);
}

void stream_connection::finish() {
  if (chunked_ && !framing_.head_only) queue("0\r\n\r\n");
  send_all();
}

void stream_connection::send_all() {
  send_until([this] { return unsent_.empty(); });
  whole_ = unsent_.empty() && !lost_;
  if (whole_) await_farewell();
}

void stream_connection::break_answer_off() {
  send_until([this] { return unsent_.empty(); });
  lost_ = true;
}

bool stream_connection::write_as_read(std::string_view piece) {
  while (!piece.empty() && !lost_ && !canceled_) {
    write(piece.substr(0, piece_bytes));
    piece.remove_prefix(std::min(piece.size(), piece_bytes));
    send_until([this] { return unsent_.size() <= most_ahead; });
  }
  return !lost_ && !canceled_;
}

void stream_connection::pause(milliseconds most) {
  for (auto end = clock::now() + most; !lost_ && !canceled_ && clock::now() < end;) {
    auto left = std::chrono::duration_cast<milliseconds>(end - clock::now()) + milliseconds(1);
    pollfd wait{taken_.socket, static_cast<short>(unsent_.empty() ? 0 : POLLOUT), 0};
    poll(&wait, 1, as_timeout(std::min(left, slice)));
    if ((wait.revents & (POLLHUP | POLLERR)) != 0) lost_ = true;
    send_some();
  }
}

void stream_connection::queue(std::string_view bytes) {
  if (lost_) return;
  if (!unsent_.push(bytes)) {
    // The client has to read before we go on. Its input stays in the socket meanwhile.
    bool taken = false;
    send_until([&] { return taken = unsent_.push(bytes); });
    // What follows must not close up the gap.
    if (!taken) lost_ = true;
  }
  send_some();
}

/// Sends what the socket takes now; false when it takes nothing.
bool stream_connection::send_some() {
  bool moved = false;
  while (!lost_) {
    auto piece = unsent_.front();
    if (piece.empty()) break;
    auto count = ::send(taken_.socket, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      unsent_.pop(static_cast<size_t>(count));
      moved = true;
    } else if (would_block()) {
      break;
    } else {
      lost_ = true;
    }
  }
  return moved;
}

template <class Enough>
void stream_connection::send_until(const Enough& enough) {
  auto last_moved = clock::now();
  while (!enough() && !lost_ && !canceled_) {
    pollfd wait{taken_.socket, POLLOUT, 0};
    poll(&wait, 1, as_timeout(slice));
    if (send_some())
      last_moved = clock::now();
    else if (clock::now() - last_moved > most_silence_)
      lost_ = true;
  }
}

/// Reads on for a moment, so that what the client still sends does not reset the connection under our answer.
void stream_connection::await_farewell() {
  shutdown(taken_.socket, SHUT_WR);
  auto deadline = clock::now() + longest_linger;
  char bytes[piece_bytes];
  while (!lost_ && !canceled_ && clock::now() < deadline) {
    pollfd wait{taken_.socket, POLLIN, 0};
    poll(&wait, 1, as_timeout(slice));
    auto count = recv(taken_.socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && !would_block())) return;
  }
}

}  // namespace pusher::http
