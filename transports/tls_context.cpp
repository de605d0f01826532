#include "transports/tls_context.hpp"

#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pusher {

namespace {

constexpr std::array<unsigned char, 3> alpn_h2{2, 'h', '2'};
/// Several TLS records are read from the socket at once.
constexpr size_t read_buffer_bytes = 64 * 1024;

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  bool found = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  return found;
}

bool expect_host(SSL* session, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(session, host.c_str()) != 1) return false;
  // What the macro SSL_set_tlsext_host_name stands for, without its C-style cast.
  auto* name = const_cast<char*>(host.c_str());  // NOLINT: only read
  return SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

}  // namespace

result<tls_context> tls_context::make(const std::string& ca_file) {
  tls_context made(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  if (context == nullptr)
    return error{errc::internal, "cannot create a TLS context: " + take_tls_error(), "", 0};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, read_buffer_bytes);
  SSL_CTX_set_alpn_protos(context, alpn_h2.data(), alpn_h2.size());
  int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                               : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (loaded != 1) {
    return error{errc::invalid_configuration,
                 "cannot read certificate authorities from " +
                     (ca_file.empty() ? "the system's store" : ca_file) + ": " + take_tls_error(),
                 "", 0};
  }
  return made;
}

tls_context::session tls_context::connect(int socket, const std::string& host) const {
  session made(SSL_new(context_.get()));
  if (!made || SSL_set_fd(made.get(), socket) != 1 || !expect_host(made.get(), host)) return nullptr;
  SSL_set_connect_state(made.get());
  return made;
}

void tls_context::session_deleter::operator()(SSL* session) const {
  SSL_free(session);
}
void tls_context::deleter::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

std::string take_tls_error() {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

}  // namespace pusher
