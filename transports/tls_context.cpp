#include "transports/tls_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "model/hex.hpp"
#include "transports/pem.hpp"

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

using bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

bio reader_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

/// A certificate, its key, and the certificates between it and its authority.
struct opened_identity {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate{nullptr, X509_free};
  STACK_OF(X509) * chain = nullptr;

  opened_identity() = default;
  opened_identity(const opened_identity&) = delete;
  opened_identity& operator=(const opened_identity&) = delete;
  ~opened_identity() { sk_X509_pop_free(chain, X509_free); }

  bool whole() const {
    return key && certificate && X509_check_private_key(certificate.get(), key.get()) == 1;
  }
};

void open_pkcs12(const client_identity& from, opened_identity& into) {
  auto source = reader_of(from.content);
  std::unique_ptr<PKCS12, decltype(&PKCS12_free)> store(d2i_PKCS12_bio(source.get(), nullptr), PKCS12_free);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  if (!store || PKCS12_parse(store.get(), from.password.c_str(), &key, &certificate, &into.chain) != 1)
    return;
  into.key.reset(key);
  into.certificate.reset(certificate);
}

void open_pem(const client_identity& from, opened_identity& into) {
  auto* password = const_cast<std::string*>(&from.password);  // NOLINT: only read
  auto keys = reader_of(from.content), certificates = reader_of(from.content);
  into.key.reset(PEM_read_bio_PrivateKey(keys.get(), nullptr, give_password, password));
  into.certificate.reset(PEM_read_bio_X509(certificates.get(), nullptr, give_password, password));
  if (!into.key || !into.certificate) return;
  into.chain = sk_X509_new_null();
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, give_password, password))
    sk_X509_push(into.chain, next);
  ERR_clear_error();  // that there is no further certificate is no error
}

void open_identity(const client_identity& from, opened_identity& into) {
  bool pem = from.content.find("-----BEGIN") != std::string::npos;
  pem ? open_pem(from, into) : open_pkcs12(from, into);
}

bool use_identity(SSL_CTX* context, const client_identity& identity) {
  opened_identity opened;
  open_identity(identity, opened);
  return opened.whole() &&
         SSL_CTX_use_cert_and_key(context, opened.certificate.get(), opened.key.get(), opened.chain, 1) == 1;
}

error unusable(const client_identity& identity) {
  auto reason = take_tls_error();
  return {errc::invalid_configuration,
          "cannot use the certificate and key in " + identity.name + ": " + reason, "", 0};
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return to_hex(digest);
}

bool expect_host(SSL* session, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(session, host.c_str()) != 1) return false;
  // What the macro SSL_set_tlsext_host_name stands for, without its C-style cast.
  auto* name = const_cast<char*>(host.c_str());  // NOLINT: only read
  return SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

int keep_ticket(SSL* connection, SSL_SESSION* session) {
  auto* tickets = static_cast<session_tickets*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), 0));
  tickets->keep(connection, session);
  return 0;  // the session stays OpenSSL's
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
  SSL_CTX_set_ex_data(context, 0, made.tickets_.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_ticket);
  int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                               : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (loaded != 1) {
    return error{errc::invalid_configuration,
                 "cannot read certificate authorities from " +
                     (ca_file.empty() ? "the system's store" : ca_file) + ": " + take_tls_error(),
                 "", 0};
  }
  if (!identity.content.empty() && !use_identity(context, identity)) return unusable(identity);
  return made;
}

result<client_identity> load_identity(const std::string& file, const std::string& password) {
  client_identity loaded{"", password, file};
  if (file.empty()) return loaded;
  std::ifstream source(file, std::ios::binary);
  std::ostringstream content;
  if (!source || !(content << source.rdbuf()))
    return error{errc::invalid_configuration, "cannot read the certificate and key in " + file, "", 0};
  loaded.content = content.str();
  return loaded;
}

result<certificate_facts> examine(const client_identity& identity) {
  opened_identity opened;
  open_identity(identity, opened);
  if (!opened.whole()) return unusable(identity);
  const auto* certificate = opened.certificate.get();
  return certificate_facts{subject_of(certificate), fingerprint_of(certificate),
                           seconds_of(X509_get0_notBefore(certificate)),
                           seconds_of(X509_get0_notAfter(certificate))};
}

tls_context::session tls_context::connect(int socket, const std::string& host) const {
  session made(SSL_new(context_.get()));
  if (!made || SSL_set_fd(made.get(), socket) != 1 || !expect_host(made.get(), host)) return nullptr;
  SSL_set_connect_state(made.get());
  tickets_->use(made.get(), host);
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
