#include "actors/node_probe.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace pusher {

namespace {

using clock = std::chrono::steady_clock;

constexpr const char* refused =
    "it refused the connection: is its certificate of the same authority (cluster.ca), and still valid?";
constexpr const char* silent = "it takes connections and then says nothing: is the process stopped?";

class open_socket {
 public:
  explicit open_socket(int number) : number_(number) {}
  ~open_socket() {
    if (number_ >= 0) ::close(number_);
  }
  open_socket(const open_socket&) = delete;
  open_socket& operator=(const open_socket&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// Whether it became ready in time.
bool ready(int socket, short events, clock::time_point until) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
  pollfd one{socket, events, 0};
  return left > 0 && ::poll(&one, 1, static_cast<int>(left)) > 0;
}

std::string connect_socket(const open_socket& socket, const addrinfo& to, clock::time_point until) {
  if (socket.number() < 0) return std::strerror(errno);
  if (::connect(socket.number(), to.ai_addr, to.ai_addrlen) == 0) return "";
  int fault = errno;
  if (fault == EINPROGRESS) {
    socklen_t size = sizeof fault;
    fault = ETIMEDOUT;
    if (ready(socket.number(), POLLOUT, until))
      ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &fault, &size);
  }
  return fault == 0 ? "" : std::strerror(fault);
}

/// One step of OpenSSL, repeated until it is done. Why it was not; empty = it was.
template <class Step>
std::string persist(SSL* on, int socket, clock::time_point until, Step step) {
  for (;;) {
    ERR_clear_error();
    int made = step();
    if (made > 0) return "";
    int fault = SSL_get_error(on, made);
    if (fault != SSL_ERROR_WANT_READ && fault != SSL_ERROR_WANT_WRITE) return refused;
    if (!ready(socket, fault == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) return silent;
  }
}

std::string greet(int socket, const cluster_files& files, clock::time_point until) {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  bool loaded = context &&
                SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) == 1 &&
                SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) == 1;
  if (!loaded) return "our certificate, its key or cluster.ca cannot be read";
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), SSL_free);
  if (!session || SSL_set_fd(session.get(), socket) != 1) return "OpenSSL cannot begin a session";
  auto* on = session.get();
  if (auto why = persist(on, socket, until, [on] { return ::SSL_connect(on); }); !why.empty()) return why;
  // With TLS 1.3 a server judges our certificate after the client's part of the handshake is over: only what
  // it says then shows that it took us.
  char first = 0;
  auto why = persist(on, socket, until, [on, &first] { return ::SSL_read(on, &first, 1); });
  SSL_shutdown(on);
  return why;
}

}  // namespace

std::string probe_node(const std::string& host, uint16_t port, const cluster_files& files,
                       std::chrono::milliseconds wait) {
  auto until = clock::now() + wait;
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (int fault = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); fault != 0)
    return "no address of " + host + ": " + gai_strerror(fault);
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  open_socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (auto why = connect_socket(socket, *found, until); !why.empty()) return why;
  return greet(socket.number(), files, until);
}

}  // namespace pusher
