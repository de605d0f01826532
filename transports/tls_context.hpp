// The TLS settings that all push connections of one transport share: TLS 1.2+, verified peers, ALPN.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/result.hpp"
#include "transports/session_tickets.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace pusher {

/// A client's certificate and key: PEM, or the bytes of PKCS #12.
struct client_identity {
  std::string content;   ///< empty = no identity
  std::string password;  ///< empty = none
  std::string name;      ///< of where it comes from, for errors
};

/// The identity in a file; none for an empty path. Errors: invalid_configuration.
result<client_identity> load_identity(const std::string& file, const std::string& password);

/// What a client's certificate says of itself.
struct certificate_facts {
  std::string subject;
  std::string fingerprint;  ///< SHA-256 of the certificate, in hexadecimal
  int64_t begins_at = 0;    ///< seconds since the epoch
  int64_t ends_at = 0;      ///< seconds since the epoch; after it no gateway takes it
};
/// Errors: invalid_configuration, when there is no certificate in it with the key that belongs to it, or the
/// password does not open it.
result<certificate_facts> examine(const client_identity& identity);

/// Which protocols a client offers by ALPN.
enum class alpn : uint8_t { h2, h2_or_http1 };

/// Its settings are immutable after make(); sessions are made, and used, on one thread.
class tls_context {
 public:
  /// `ca_file` in PEM, empty = the system's authorities. Errors: invalid_configuration.
  static result<tls_context> make(const std::string& ca_file, const client_identity& identity = {},
                                  alpn offer = alpn::h2);

  struct session_deleter {
    void operator()(ssl_st* session) const;
  };
  using session = std::unique_ptr<ssl_st, session_deleter>;

  /// A client session on a connected socket that accepts only a certificate for `host` (a name or an
  /// address). An earlier session with this host is taken up again where the peer allows it. Empty when
  /// OpenSSL refuses. The socket stays the caller's; the session must not outlive the context.
  session connect(int socket, const std::string& host) const;

 private:
  struct deleter {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit tls_context(ssl_ctx_st* context)
      : tickets_(std::make_unique<session_tickets>()), context_(context) {}
  std::unique_ptr<session_tickets> tickets_;  // OpenSSL has its address
  std::unique_ptr<ssl_ctx_st, deleter> context_;
};

/// OpenSSL's oldest queued complaint as a sentence part, and an empty queue afterwards.
std::string take_tls_error();

}  // namespace pusher
