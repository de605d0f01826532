#include "tests/emulator/connection.hpp"

#include <unistd.h>

#include <openssl/err.h>

#include "tests/emulator/h1_session.hpp"
#include "tests/emulator/h2_session.hpp"

namespace pusher::emulator {

namespace {

/// The most that one TLS record holds: fuller records cost less.
constexpr size_t record_bytes = 16 * 1024;

}  // namespace

connection::connection(SSL_CTX* context, int socket, services& shared, uint64_t number, bool sandbox)
    : socket_(socket), number_(number), sandbox_(sandbox), shared_(shared), ssl_(SSL_new(context)) {
  SSL_set_fd(ssl_.get(), socket_);
  SSL_set_accept_state(ssl_.get());
  output_.reserve(3 * record_bytes);
  ++shared_.stats.connections;
  ++shared_.stats.open_connections;
}

connection::~connection() {
  close(socket_);
  --shared_.stats.open_connections;
}

bool connection::advance() {
  wants_to_write_ = false;
  if (!session_) {
    auto shaken = shake_hands();
    if (shaken != outcome::done) return shaken == outcome::again;
  }
  auto read = read_all();
  if (read == outcome::broken) return false;
  auto written = write_all();
  if (written == outcome::broken) return false;
  if (written == outcome::done && session_->finished()) {
    SSL_shutdown(ssl_.get());
    return false;
  }
  return true;
}

void connection::answer_now(int32_t stream) {
  if (session_) session_->answer_now(stream);
}

void connection::obey(const orders& given) {
  if (!session_) return;
  if (given.release) session_->release();
  if (given.go_away) session_->go_away();
}

connection::outcome connection::outcome_of(int result) {
  int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return outcome::again;
  if (error == SSL_ERROR_WANT_WRITE) {
    wants_to_write_ = true;
    return outcome::again;
  }
  return outcome::broken;
}

connection::outcome connection::shake_hands() {
  int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return outcome_of(result);
  if (SSL_session_reused(ssl_.get()) == 1) ++shared_.stats.resumed_sessions;
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  // A certificate that does not verify has ended the handshake already.
  peer client{number_, sandbox_, SSL_get0_peer_certificate(ssl_.get()) != nullptr};
  if (std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2")
    session_ = std::make_unique<h2_session>(shared_, client);
  else
    session_ = std::make_unique<h1_session>(shared_, client);
  return outcome::done;
}

connection::outcome connection::read_all() {
  static unsigned char input[record_bytes];
  for (;;) {
    int size = SSL_read(ssl_.get(), input, sizeof input);
    if (size <= 0) return outcome_of(size);
    if (!session_->receive(input, static_cast<size_t>(size))) return outcome::broken;
  }
}

connection::outcome connection::write_all() {
  for (;;) {
    if (output_written_ == output_.size()) {
      output_.clear();
      output_written_ = 0;
      if (!session_->produce(output_, record_bytes)) return outcome::broken;
      if (output_.empty()) return outcome::done;
    }
    int size = SSL_write(ssl_.get(), output_.data() + output_written_,
                         static_cast<int>(output_.size() - output_written_));
    if (size <= 0) return outcome_of(size);
    output_written_ += static_cast<size_t>(size);
  }
}

}  // namespace pusher::emulator
