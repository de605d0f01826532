#include "transports/tls_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pusher {

namespace {

// RFC 7301; the shorter offer is the beginning of the longer one.
constexpr std::array<unsigned char, 12> offers{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned h2_offer_bytes = 3;
/// Several TLS records are read from the socket at once.
constexpr size_t read_buffer_bytes = 64 * 1024;

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  bool found = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  return found;
}

int give_password(char* into, int room, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  auto size = std::min(static_cast<size_t>(room), text.size());
  std::memcpy(into, text.data(), size);
  return static_cast<int>(size);
}

bool ends_with(const std::string& text, const char* end) {
  auto size = std::strlen(end);
  return text.size() >= size && text.compare(text.size() - size, size, end) == 0;
}

bool use_pkcs12(SSL_CTX* context, const client_identity& identity) {
  std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(identity.file.c_str(), "rb"), BIO_free);
  if (!file) return false;
  std::unique_ptr<PKCS12, decltype(&PKCS12_free)> store(d2i_PKCS12_bio(file.get(), nullptr), PKCS12_free);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* chain = nullptr;
  if (!store || PKCS12_parse(store.get(), identity.password.c_str(), &key, &certificate, &chain) != 1)
    return false;
  bool used = SSL_CTX_use_cert_and_key(context, certificate, key, chain, 1) == 1;
  EVP_PKEY_free(key);
  X509_free(certificate);
  sk_X509_pop_free(chain, X509_free);
  return used;
}

bool use_identity(SSL_CTX* context, const client_identity& identity) {
  if (ends_with(identity.file, ".p12") || ends_with(identity.file, ".pfx"))
    return use_pkcs12(context, identity);
  auto* password = const_cast<std::string*>(&identity.password);  // NOLINT: only read
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, password);
  bool used = SSL_CTX_use_certificate_chain_file(context, identity.file.c_str()) == 1 &&
              SSL_CTX_use_PrivateKey_file(context, identity.file.c_str(), SSL_FILETYPE_PEM) == 1 &&
              SSL_CTX_check_private_key(context) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  return used;
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

result<tls_context> tls_context::make(const std::string& ca_file, const client_identity& identity,
                                      alpn offer) {
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
  SSL_CTX_set_alpn_protos(context, offers.data(),
                          offer == alpn::h2 ? h2_offer_bytes : static_cast<unsigned>(offers.size()));
  int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                               : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (loaded != 1) {
    return error{errc::invalid_configuration,
                 "cannot read certificate authorities from " +
                     (ca_file.empty() ? "the system's store" : ca_file) + ": " + take_tls_error(),
                 "", 0};
  }
  if (!identity.file.empty() && !use_identity(context, identity))
    return error{errc::invalid_configuration,
                 "cannot use the certificate and key in " + identity.file + ": " + take_tls_error(), "", 0};
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
