#include "transports/session_tickets.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace pusher {

namespace {

constexpr size_t most_hosts = 256;
constexpr size_t most_of_a_host = 8;  // a peer gives two to a new session, usually

/// The host that a connection's certificate had to name.
std::string expected_host(SSL* connection) {
  auto* expected = SSL_get0_param(connection);
  if (const char* name = X509_VERIFY_PARAM_get0_host(expected, 0)) return name;
  std::unique_ptr<char, void (*)(char*)> address(X509_VERIFY_PARAM_get1_ip_asc(expected),
                                                 [](char* text) { OPENSSL_free(text); });
  return address ? address.get() : "";
}

}  // namespace

void session_tickets::keep(SSL* connection, SSL_SESSION* session) {
  auto host = expected_host(connection);
  if (host.empty() || SSL_SESSION_is_resumable(session) != 1) return;
  // A copy: OpenSSL spoils the session itself when its connection is cut.
  std::unique_ptr<SSL_SESSION, deleter> copy(SSL_SESSION_dup(session));
  if (!copy) return;
  if (by_host_.size() >= most_hosts && by_host_.count(host) == 0) by_host_.clear();
  auto& known = by_host_[host];
  if (known.size() == most_of_a_host) known.erase(known.begin());
  known.push_back(std::move(copy));
}

void session_tickets::use(SSL* connection, const std::string& host) {
  auto known = by_host_.find(host);
  if (known == by_host_.end()) return;
  SSL_set_session(connection, known->second.back().get());  // refused or too old: a full handshake
  known->second.pop_back();
  if (known->second.empty()) by_host_.erase(known);
}

void session_tickets::deleter::operator()(SSL_SESSION* session) const {
  SSL_SESSION_free(session);
}

}  // namespace pusher
