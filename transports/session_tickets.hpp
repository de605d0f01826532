// TLS sessions that may be taken up again (RFC 8446, 2.2): a gateway that often says GOAWAY, or comes back
// after it was away, need not prove anew who it is, which costs a client most of a handshake.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

struct ssl_session_st;
struct ssl_st;

namespace pusher {

/// The newest sessions with each host, as its tickets brought them. On one thread.
class session_tickets {
 public:
  /// Keeps a copy of a session that the peer of `connection` gave a ticket for, under the host whose
  /// certificate was verified there.
  void keep(ssl_st* connection, ssl_session_st* session);
  /// Begins `connection` with the newest session with this host, if there is one. Each is used once, so that
  /// connections cannot be told to belong together (RFC 8446, appendix C.4).
  void use(ssl_st* connection, const std::string& host);

 private:
  struct deleter {
    void operator()(ssl_session_st* session) const;
  };
  std::map<std::string, std::vector<std::unique_ptr<ssl_session_st, deleter>>> by_host_;
};

}  // namespace pusher
