#include "actors/cluster_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "storage/child_process.hpp"
#include "transports/pem.hpp"
#include "transports/tls_context.hpp"

namespace pusher {

namespace {

constexpr size_t longest_file = 1024 * 1024;
const std::string how_to_issue = "; `pusher cluster issue NAME` makes a set of files that fit together.";

using context_ptr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using store_ptr = std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)>;
using verification = std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)>;

error wrong(const std::string& setting, const std::string& sentence) {
  return {errc::invalid_configuration, setting + ": " + sentence, "", 0};
}

/// Root's file may be readable by a group of ours: so a secret is handed to a service.
bool others_can_read(const struct stat& facts) {
  bool by_root_for_us = facts.st_uid == 0 && ::geteuid() != 0;
  return (facts.st_mode & (by_root_for_us ? 07u : 077u)) != 0;
}

std::string octal(mode_t mode) {
  std::string text = "0";
  for (int shift = 6; shift >= 0; shift -= 3)
    text += static_cast<char>('0' + (mode >> shift & 7));
  return text;
}

result<std::string> text_of_file(const std::string& setting, const std::string& path, bool secret) {
  if (path.empty())
    return wrong(setting, "it is not set; set certificate, key and ca of [cluster], or none of them.");
  // Not blocking: what looks like a file may be a pipe that nobody writes to.
  owned_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid())
    return wrong(setting, "cannot read " + path + ": " + std::strerror(errno) +
                              "; check the path, and that the user who runs pusher may read it.");
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return wrong(setting, path + " is no regular file; give the path of a file in PEM.");
  if (secret && others_can_read(facts))
    return wrong(setting, path + " can be read by others than its owner (mode " + octal(facts.st_mode) +
                              "); chmod it to 0600.");
  std::string text(longest_file + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return wrong(setting, "cannot read " + path + ": " + std::strerror(errno) + ".");
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > longest_file) return wrong(setting, path + " is larger than 1 MiB; it must be a file in PEM.");
  text.resize(size);
  return text;
}

result<std::vector<certificate_ptr>> certificates_in(const std::string& setting, const std::string& path,
                                                     const std::string& text) {
  auto found = read_certificates(text);
  if (!found || found->empty())
    return wrong(setting, std::string("there is ") + (found ? "no" : "a broken") + " certificate in " + path +
                              ", which must be PEM (-----BEGIN CERTIFICATE-----)" + how_to_issue);
  return std::move(*found);
}

utc_ms end_of(const X509* certificate) {
  return 1000 * seconds_of(X509_get0_notAfter(certificate));
}

result<void> check_time(const std::string& setting, const std::string& path, const X509* certificate) {
  auto begins = 1000 * seconds_of(X509_get0_notBefore(certificate)), now = now_ms();
  if (begins > now)
    return wrong(setting, path + " is not valid before " + to_rfc3339(begins) + ", and here it is " +
                              to_rfc3339(now) + "; check this machine's clock.");
  if (end_of(certificate) <= now)
    return wrong(setting, path + " expired on " + to_rfc3339(end_of(certificate)) +
                              "; make a new one with `pusher cluster` and put it in its place.");
  return {};
}

/// One verification as a peer does it.
struct verdict {
  int code = X509_V_OK;
  utc_ms root_ends_at = 0;
};

/// How strong keys and signatures must be for TLS on this machine.
int security_level() {
  context_ptr context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  return context ? SSL_CTX_get_security_level(context.get()) : 1;
}

verdict verify(X509_STORE* authorities, const std::vector<certificate_ptr>& chain, const char* purpose) {
  STACK_OF(X509)* between = sk_X509_new_null();
  for (size_t i = 1; i < chain.size(); ++i)
    sk_X509_push(between, chain[i].get());
  verification check(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  verdict found{X509_V_ERR_UNSPECIFIED, 0};
  if (check && X509_STORE_CTX_init(check.get(), authorities, chain[0].get(), between) == 1 &&
      X509_STORE_CTX_set_default(check.get(), purpose) == 1) {
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check.get()), security_level());
    bool good = X509_verify_cert(check.get()) == 1;
    found.code = good ? X509_V_OK : X509_STORE_CTX_get_error(check.get());
    auto* whole = X509_STORE_CTX_get0_chain(check.get());
    if (good && sk_X509_num(whole) > 1)
      found.root_ends_at = end_of(sk_X509_value(whole, sk_X509_num(whole) - 1));
  }
  sk_X509_free(between);
  ERR_clear_error();
  return found;
}

store_ptr store_of(const std::vector<certificate_ptr>& authorities) {
  store_ptr store(X509_STORE_new(), X509_STORE_free);
  for (const auto& each : authorities)
    if (store) X509_STORE_add_cert(store.get(), each.get());
  ERR_clear_error();
  return store;
}

error not_verified(const cluster_files& files, int code) {
  std::string reason = X509_verify_cert_error_string(code);
  if (code == X509_V_ERR_INVALID_PURPOSE)
    return wrong("cluster.certificate", files.certificate +
                                            " is not for servers and clients, and a node is both (extended "
                                            "key usage serverAuth and clientAuth)" +
                                            how_to_issue);
  if (code == X509_V_ERR_CERT_HAS_EXPIRED)
    return wrong("cluster.ca", "an authority of " + files.ca + " or one between it and " + files.certificate +
                                   " has expired; put a valid one in its place.");
  return wrong("cluster.certificate", files.certificate + " was not issued by the authority in cluster.ca, " +
                                          files.ca + " (" + reason + ")" + how_to_issue);
}

}  // namespace

result<cluster_identity> read_cluster_files(const cluster_files& files) {
  auto certificate = text_of_file("cluster.certificate", files.certificate, false);
  if (!certificate) return certificate.failure();
  auto key = text_of_file("cluster.key", files.key, true);
  if (!key) return key.failure();
  auto ca = text_of_file("cluster.ca", files.ca, false);
  if (!ca) return ca.failure();
  auto chain = certificates_in("cluster.certificate", files.certificate, *certificate);
  if (!chain) return chain.failure();
  auto authorities = certificates_in("cluster.ca", files.ca, *ca);
  if (!authorities) return authorities.failure();
  auto opened = read_private_key(*key);
  if (!opened)
    return wrong("cluster.key", "there is no private key without a pass phrase in " + files.key +
                                    ", which must be PEM (-----BEGIN PRIVATE KEY-----)" + how_to_issue);
  auto* own = chain->front().get();
  bool fits = X509_check_private_key(own, opened.get()) == 1;
  ERR_clear_error();
  if (!fits)
    return wrong("cluster.key", files.key + " does not belong to the certificate in " + files.certificate +
                                    "; put certificate and key of the same `pusher cluster issue` in place.");
  if (auto valid = check_time("cluster.certificate", files.certificate, own); !valid) return valid.failure();
  if (authorities->size() == 1)
    if (auto valid = check_time("cluster.ca", files.ca, authorities->front().get()); !valid)
      return valid.failure();
  auto store = store_of(*authorities);
  cluster_identity found{*certificate, *key, *ca, subject_of(own), end_of(own), 0};
  for (const char* purpose : {"ssl_server", "ssl_client"}) {
    auto judged = verify(store.get(), *chain, purpose);
    if (judged.code != X509_V_OK) return not_verified(files, judged.code);
    found.ca_ends_at = judged.root_ends_at;
  }
  return found;
}

result<void> try_cluster_files(const cluster_files& files) {
  context_ptr context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  if (!context) return error{errc::internal, "cannot create a TLS context: " + take_tls_error(), "", 0};
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return wrong("cluster.certificate",
                 "TLS does not take " + files.certificate + ": " + take_tls_error() + how_to_issue);
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("cluster.key", "TLS does not take " + files.key + ": " + take_tls_error() + how_to_issue);
  if (SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) != 1)
    return wrong("cluster.ca", "TLS does not take " + files.ca + ": " + take_tls_error() + how_to_issue);
  return {};
}

result<void> check_cluster_files(const cluster_files& files) {
  if (auto sound = read_cluster_files(files); !sound) return sound.failure();
  return try_cluster_files(files);
}

result<utc_ms> certificate_ends_at(const std::string& file) {
  auto text = text_of_file("cluster.certificate", file, false);
  if (!text) return text.failure();
  auto found = certificates_in("cluster.certificate", file, *text);
  if (!found) return found.failure();
  return end_of(found->front().get());
}

}  // namespace pusher
