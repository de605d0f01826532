#include "transports/h2_connection.hpp"

#include <cerrno>
#include <cstring>

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pusher::h2 {

namespace {

constexpr size_t tls_record_bytes = 16 * 1024;

std::string system_message(int code) {
  return std::strerror(code);
}

std::string handshake_trouble(SSL* stream) {
  long verdict = SSL_get_verify_result(stream);
  std::string reason = take_tls_error();
  if (verdict != X509_V_OK) reason = X509_verify_cert_error_string(verdict);
  return "TLS handshake failed: " + reason;
}

bool speaks_h2(SSL* stream) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(stream, &name, &size);
  return size == 2 && std::memcmp(name, "h2", 2) == 0;
}

}  // namespace

connection::connection(event_loop& loop, const tls_context& tls, std::string host, connection_bounds bounds,
                       exchange_listener& listener)
    : loop_(loop),
      tls_(tls),
      host_(std::move(host)),
      bounds_(bounds),
      listener_(listener),
      session_(std::make_unique<session>(listener)),
      opened_(loop.now()),
      idle_since_(loop.now()),
      heard_(loop.now()),
      pinged_(loop.now()) {}

connection::~connection() {
  drop_socket();
}

// -- connecting ---------------------------------------------------------------------------------------------

void connection::open(std::vector<socket_address> addresses) {
  addresses_ = std::move(addresses);
  trouble_ = "no address for " + host_;
  try_next_address();
}

void connection::try_next_address() {
  drop_socket();
  while (next_address_ < addresses_.size())
    if (begin_connect(addresses_[next_address_++])) return;
  phase_ = phase::closed;
}

bool connection::begin_connect(const socket_address& address) {
  if (bounds_.may_connect != nullptr && !bounds_.may_connect(address.storage)) {
    ++forbidden_;
    trouble_ = host_ + " leads to an address that is not public";
    return false;
  }
  socket_ = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    trouble_ = "cannot make a socket: " + system_message(errno);
    return false;
  }
  int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket_, name, address.length) != 0 && errno != EINPROGRESS) {
    trouble_ = "cannot connect to " + host_ + ": " + system_message(errno);
    drop_socket();
    return false;
  }
  wanted_ = EPOLLOUT;
  return loop_.watch(socket_, wanted_, *this);
}

void connection::on_connected() {
  int failure = 0;
  socklen_t size = sizeof failure;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return attempt_failed("cannot connect to " + host_ + ": " + system_message(failure));
  tcp_up_ = true;
  stream_ = tls_.connect(socket_, host_);
  if (!stream_) return attempt_failed("cannot start TLS with " + host_ + ": " + take_tls_error());
  shake_hands();
}

void connection::shake_hands() {
  ERR_clear_error();
  int done = SSL_do_handshake(stream_.get());
  if (done != 1) {
    switch (SSL_get_error(stream_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return want(EPOLLIN);
      case SSL_ERROR_WANT_WRITE:
        return want(EPOLLOUT);
      default:
        return attempt_failed(handshake_trouble(stream_.get()));
    }
  }
  if (!speaks_h2(stream_.get())) {
    if (!bounds_.or_http1) return attempt_failed(host_ + " does not offer HTTP/2 (ALPN h2)");
    session_ = std::make_unique<h1_session>(listener_);
  }
  tls_up_ = true;
  want(EPOLLIN);
  flush();
  if (phase_ == phase::connecting && session_->ready()) after_reading();
  // The peer's first frames may have come in the handshake's last flight, and lie in the TLS layer already.
  if (phase_ == phase::connecting) read_all();
}

void connection::attempt_failed(const std::string& why) {
  trouble_ = why;
  try_next_address();
}

// -- reading and writing ------------------------------------------------------------------------------------

void connection::on_ready(uint32_t events) {
  if (socket_ < 0) return;
  if (!tcp_up_) return on_connected();
  if (!tls_up_) return shake_hands();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_all();
  if ((events & EPOLLOUT) != 0 && socket_ >= 0) flush();
}

void connection::read_all() {
  std::array<uint8_t, tls_record_bytes> in;
  while (true) {
    ERR_clear_error();
    int count = SSL_read(stream_.get(), in.data(), static_cast<int>(in.size()));
    if (count <= 0) {
      int reason = SSL_get_error(stream_.get(), count);
      if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) break;
      bool orderly = reason == SSL_ERROR_ZERO_RETURN;
      return close(host_ + (orderly ? " closed the connection" : " cut the connection"));
    }
    heard_ = loop_.now();
    if (!session_->receive(in.data(), static_cast<size_t>(count)))
      return close(host_ + " broke the protocol: " + session_->trouble());
  }
  after_reading();
}

void connection::after_reading() {
  if (phase_ == phase::connecting && session_->ready()) {
    phase_ = phase::open;
    was_open_ = true;
    trouble_.clear();
    idle_since_ = loop_.now();
  }
  if (session_->answers() != answers_seen_) {
    answers_seen_ = session_->answers();
    deadlines_passed_ = 0;
  }
  if (session_->going_away() || session_->exhausted()) drain();
}

void connection::flush() {
  if (!tls_up_ || socket_ < 0) return;
  while (write_some()) {
  }
  if (socket_ >= 0 && session_->over()) close(host_ + " ended the session");
  if (socket_ >= 0 && phase_ == phase::draining && session_->in_flight() == 0 && out_size_ == 0) {
    drained_ = true;
    close("drained");
  }
}

/// Fills the buffer and writes one TLS record. False when nothing is left or the socket is full or gone.
bool connection::write_some() {
  if (out_size_ < tls_record_bytes)
    out_size_ += session_->produce(out_.data() + out_size_, out_.size() - out_size_);
  if (out_size_ == 0) {
    want(EPOLLIN);
    return false;
  }
  size_t record = std::min(out_size_, tls_record_bytes);
  ERR_clear_error();
  int count = SSL_write(stream_.get(), out_.data(), static_cast<int>(record));
  if (count <= 0) {
    int reason = SSL_get_error(stream_.get(), count);
    if (reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ) {
      want(EPOLLIN | EPOLLOUT);
    } else {
      close(host_ + " cut the connection");
    }
    return false;
  }
  auto put = static_cast<size_t>(count);
  written_ += put;
  session_->handed_over(written_);
  out_size_ -= put;
  std::memmove(out_.data(), out_.data() + put, out_size_);
  return true;
}

void connection::want(uint32_t events) {
  if (events == wanted_) return;
  wanted_ = events;
  loop_.change(socket_, events, *this);
}

// -- time ---------------------------------------------------------------------------------------------------

steady_time connection::on_time(steady_time now) {
  if (phase_ == phase::connecting) {
    if (now >= opened_ + bounds_.connect_timeout) close("connecting to " + host_ + " took too long");
    return opened_ + bounds_.connect_timeout;
  }
  if (phase_ == phase::closed) return steady_time::max();
  if (session_->in_flight() > 0) idle_since_ = now;
  check_deadlines(now);
  check_alive(now);
  if (phase_ == phase::closed) return now;
  // Looked at in steps: exact times would cost more than a round a second does.
  return now + (session_->in_flight() > 0 ? std::min(bounds_.request_timeout / 4, bounds_.silence / 3)
                                          : std::min(bounds_.idle_ping, bounds_.ping_timeout) / 2);
}

void connection::check_deadlines(steady_time now) {
  deadlines_passed_ += static_cast<unsigned>(session_->expire(now - bounds_.request_timeout));
  if (deadlines_passed_ >= bounds_.deadlines_in_a_row) drain();
}

void connection::check_alive(steady_time now) {
  if (session_->pong_pending()) {
    if (heard_ < pinged_ && now >= pinged_ + bounds_.ping_timeout) close(host_ + " does not answer");
    return;
  }
  bool silent = session_->in_flight() > 0 && now >= heard_ + bounds_.silence &&
                now >= session_->oldest_started() + bounds_.silence;
  if (silent || now >= std::max(heard_, pinged_) + bounds_.idle_ping) {
    pinged_ = now;
    session_->ping();
  }
}

// -- ending -------------------------------------------------------------------------------------------------

size_t connection::capacity() const {
  if (phase_ != phase::open) return 0;
  return bounds_.one_stream_first && !session_->was_let_in() ? 1 : session_->max_streams();
}

size_t connection::free_streams() const {
  size_t all = capacity();
  return all > session_->in_flight() ? all - session_->in_flight() : 0;
}

void connection::drain() {
  if (phase_ == phase::open) phase_ = phase::draining;
}

void connection::close(const std::string& why) {
  if (phase_ == phase::closed) return;
  if (tls_up_ && session_->in_flight() == 0) {
    // Polite and in vain when the peer is gone: no answer is awaited.
    session_->say_goodbye();
    size_t count = session_->produce(out_.data() + out_size_, out_.size() - out_size_);
    if (SSL_write(stream_.get(), out_.data(), static_cast<int>(out_size_ + count)) > 0)
      SSL_shutdown(stream_.get());
    ERR_clear_error();
  }
  phase_ = phase::closed;
  trouble_ = why;
  drop_socket();
  session_->abandon();
}

void connection::drop_socket() {
  if (socket_ < 0) return;
  loop_.unwatch(socket_);
  stream_.reset();
  ::close(socket_);
  socket_ = -1;
  tcp_up_ = tls_up_ = false;
}

}  // namespace pusher::h2
