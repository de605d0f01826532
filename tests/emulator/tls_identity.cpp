#include "tests/emulator/tls_identity.hpp"

#include <unistd.h>

#include <algorithm>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tests/emulator/files.hpp"

namespace pusher::emulator {

namespace {

constexpr long ten_years_seconds = 10L * 365 * 24 * 3600;

bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_random_serial(X509* certificate) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

bool add_name(X509* certificate, const char* kind, const char* name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), kind, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1;
}

certificate_ptr start_certificate(const char* name, EVP_PKEY* key) {
  certificate_ptr certificate(X509_new());
  if (!certificate || !set_random_serial(certificate.get())) return nullptr;
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24L * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ten_years_seconds);
  X509_set_pubkey(certificate.get(), key);
  return add_name(certificate.get(), "CN", name) ? std::move(certificate) : nullptr;
}

certificate_ptr make_ca(EVP_PKEY* key) {
  auto ca = start_certificate("gateway-emulator test CA", key);
  if (!ca) return nullptr;
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  bool complete = add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                  add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                  add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                  X509_sign(ca.get(), key, EVP_sha256()) > 0;
  return complete ? std::move(ca) : nullptr;
}

certificate_ptr make_server_certificate(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key, const std::string& name) {
  auto names = "DNS:localhost,IP:127.0.0.1,IP:::1" + (name.empty() ? name : ",DNS:" + name);
  auto server = start_certificate("localhost", key);
  if (!server) return nullptr;
  X509_set_issuer_name(server.get(), X509_get_subject_name(ca));
  bool complete = add_extension(server.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(server.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(server.get(), ca, NID_ext_key_usage, "serverAuth") &&
                  add_extension(server.get(), ca, NID_authority_key_identifier, "keyid") &&
                  add_extension(server.get(), ca, NID_subject_alt_name, names.c_str()) &&
                  X509_sign(server.get(), ca_key, EVP_sha256()) > 0;
  return complete ? std::move(server) : nullptr;
}

certificate_ptr make_client_certificate(const char* uid, EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key) {
  auto client = start_certificate((std::string("Push Services: ") + uid).c_str(), key);
  if (!client || !add_name(client.get(), "UID", uid)) return nullptr;
  X509_set_issuer_name(client.get(), X509_get_subject_name(ca));
  bool complete = add_extension(client.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(client.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(client.get(), ca, NID_ext_key_usage, "clientAuth") &&
                  add_extension(client.get(), ca, NID_authority_key_identifier, "keyid") &&
                  X509_sign(client.get(), ca_key, EVP_sha256()) > 0;
  return complete ? std::move(client) : nullptr;
}

bool write_certificate(const std::string& path, X509* certificate) {
  bio_ptr memory(BIO_new(BIO_s_mem()));
  return PEM_write_bio_X509(memory.get(), certificate) == 1 && write_file(path, text_of(memory.get()), 0644);
}

bool write_key(const std::string& path, EVP_PKEY* key) {
  bio_ptr memory(BIO_new(BIO_s_mem()));
  return PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
         write_file(path, text_of(memory.get()), 0600);
}

bool write_client_files(const tls_files& files, X509* certificate, EVP_PKEY* key) {
  bio_ptr pem(BIO_new(BIO_s_mem())), p12(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(pem.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return false;
  pkcs12_ptr bundle(PKCS12_create(client_p12_password, "push", key, certificate, nullptr, 0, 0, 0, 0, 0));
  return bundle && i2d_PKCS12_bio(p12.get(), bundle.get()) == 1 &&
         write_file(files.client, text_of(pem.get()), 0600) &&
         write_file(files.client_p12, text_of(p12.get()), 0600);
}

/// Clients without a certificate are as welcome as those with one of ours.
bool accept_client_certificates(SSL_CTX* context, const std::string& ca_file) {
  static constexpr unsigned char session_context[] = "gateway-emulator";
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca_file.c_str()));
  // Without it OpenSSL refuses to resume the sessions of clients that may have shown a certificate.
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
  return SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1;
}

/// What ALPN may choose from; behind the first three bytes, without HTTP/2.
constexpr unsigned char protocols[] = "\x02h2\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
  auto* ours = static_cast<const unsigned char*>(argument);
  auto ours_size = static_cast<unsigned>(protocols + sizeof protocols - 1 - ours);
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, chosen_size, ours, ours_size, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

tls_files tls_files_in(const std::string& directory) {
  return {directory + "/ca.pem", directory + "/server.pem", directory + "/server.key",
          directory + "/apns-client.pem", directory + "/apns-client.p12"};
}

bool ensure_tls_files(const tls_files& files, const char* client_uid, const std::string& name) {
  auto all = {&files.ca, &files.certificate, &files.key, &files.client, &files.client_p12};
  if (std::all_of(all.begin(), all.end(),
                  [](const std::string* path) { return access(path->c_str(), F_OK) == 0; }))
    return true;
  // OpenSSL asks for a char* that it only reads.
  char curve[] = "P-256";
  key_ptr ca_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
  key_ptr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
  key_ptr client_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
  if (!ca_key || !key || !client_key) return false;
  auto ca = make_ca(ca_key.get());
  auto server = ca ? make_server_certificate(key.get(), ca.get(), ca_key.get(), name) : nullptr;
  auto client = ca ? make_client_certificate(client_uid, client_key.get(), ca.get(), ca_key.get()) : nullptr;
  return server && client && write_client_files(files, client.get(), client_key.get()) &&
         write_key(files.key, key.get()) && write_certificate(files.certificate, server.get()) &&
         write_certificate(files.ca, ca.get());
}

ssl_context_ptr make_server_context(const tls_files& files, bool http2) {
  ssl_context_ptr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_ciphersuites(context.get(),
                           "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read from the socket may bring several records.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), 64 * 1024);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol,
                             const_cast<void*>(static_cast<const void*>(http2 ? protocols : protocols + 3)));
  bool loaded =
      SSL_CTX_use_certificate_file(context.get(), files.certificate.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      accept_client_certificates(context.get(), files.ca);
  return loaded ? std::move(context) : nullptr;
}

}  // namespace pusher::emulator
