#include "actors/cluster_authority.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "model/hex.hpp"
#include "transports/jwt.hpp"
#include "transports/pem.hpp"

namespace pusher {

namespace {

constexpr long day_seconds = 24L * 3600;
constexpr long backdated_seconds = day_seconds;  // clocks of nodes may differ
constexpr size_t longest_host = 253;

using serial_number = std::array<unsigned char, 8>;

error cannot_make(const std::string& what) {
  ERR_clear_error();
  return {errc::internal, "OpenSSL cannot make " + what, "", 0};
}

bool add_extension(X509* to, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()), X509_EXTENSION_free);
  return extension && X509_add_ext(to, extension.get(), -1) == 1;
}

bool add_name(X509* to, const char* kind, const std::string& text) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(to), kind, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0) == 1;
}

/// Positive and of full length, so that its hexadecimal form always has 16 digits.
bool draw(serial_number& serial) {
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);
  return true;
}

bool set_serial(X509* to, const serial_number& serial) {
  uint64_t number = 0;
  for (auto byte : serial)
    number = number << 8 | byte;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(to), number) == 1;
}

certificate_ptr start(EVP_PKEY* key, const serial_number& serial, const std::string& name, int days) {
  certificate_ptr made(X509_new());
  bool good = made && X509_set_version(made.get(), X509_VERSION_3) == 1 && set_serial(made.get(), serial) &&
              X509_gmtime_adj(X509_getm_notBefore(made.get()), -backdated_seconds) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day_seconds) != nullptr &&
              X509_set_pubkey(made.get(), key) == 1 && add_name(made.get(), "O", "Pusher cluster") &&
              add_name(made.get(), "CN", name);
  return good ? std::move(made) : nullptr;
}

bool is_address(const std::string& host) {
  std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> address(a2i_IPADDRESS(host.c_str()),
                                                                                ASN1_OCTET_STRING_free);
  ERR_clear_error();
  return address != nullptr;
}

bool is_dns_name(const std::string& host) {
  if (host.empty() || host.size() > longest_host || host.front() == '-') return false;
  if (host.front() == '.' || host.back() == '.' || host.find("..") != std::string::npos) return false;
  return std::all_of(host.begin(), host.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '-' || c == '.'); });
}

/// As OpenSSL reads it. Each part was checked: a comma in it would begin another.
result<std::string> alternative_names(const std::string& name, const std::vector<std::string>& hosts) {
  std::string list = is_dns_name(name) ? "DNS:" + name : "";
  for (const auto& host : hosts) {
    bool address = is_address(host);
    if (!address && !is_dns_name(host))
      return error{errc::invalid_field, "'" + host + "' is neither a DNS name nor an address.", "", 0};
    list += (list.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + host;
  }
  return list;
}

struct opened_authority {
  certificate_ptr certificate;
  std::shared_ptr<EVP_PKEY> key;
};

result<opened_authority> open(const cluster_authority& from) {
  auto certificates = read_certificates(from.certificate);
  auto key = read_private_key(from.key);
  bool whole = certificates && !certificates->empty() && key &&
               X509_check_private_key(certificates->front().get(), key.get()) == 1 &&
               X509_check_ca(certificates->front().get()) == 1;
  ERR_clear_error();
  if (!whole)
    return error{errc::invalid_configuration,
                 "This is no certificate authority with its own key: take ca.pem and ca.key as `pusher "
                 "cluster init-ca` made them.",
                 "", 0};
  return opened_authority{std::move(certificates->front()), std::move(key)};
}

/// A certificate that outlives its authority would only seem to be good.
bool end_within(X509* made, const X509* authority) {
  const auto* end = X509_get0_notAfter(authority);
  return ASN1_TIME_compare(X509_get0_notAfter(made), end) <= 0 || X509_set1_notAfter(made, end) == 1;
}

}  // namespace

bool is_node_name(const std::string& text) {
  auto fits = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
  };
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), fits) &&
         std::isalnum(static_cast<unsigned char>(text.front()));
}

result<cluster_authority> make_authority(const std::string& key) {
  auto parsed = ec_key::parse(key);
  if (!parsed)
    return error{errc::invalid_configuration, "The authority's key is " + parsed.failure().detail, "", 0};
  auto opened = read_private_key(key);
  serial_number serial{};
  if (!draw(serial)) return cannot_make("a serial number");
  auto made = start(opened.get(), serial, "authority " + parsed->fingerprint().substr(0, 12), authority_days);
  bool good = made && X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
              add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") &&
              X509_sign(made.get(), opened.get(), EVP_sha256()) > 0;
  auto text = good ? to_pem(made.get()) : std::string();
  if (text.empty()) return cannot_make("the authority's certificate");
  return cluster_authority{text, key};
}

result<issued_certificate> issue_certificate(const cluster_authority& from, const std::string& name,
                                             const std::vector<std::string>& hosts) {
  if (!is_node_name(name))
    return error{errc::invalid_field,
                 "'" + name +
                     "' cannot name a node: take up to 63 letters, digits, '.', '_' and '-', the first of "
                     "them a letter or digit.",
                 "", 0};
  auto names = alternative_names(name, hosts);
  if (!names) return names.failure();
  auto authority = open(from);
  if (!authority) return authority.failure();
  auto fresh = ec_key::generate();
  if (!fresh) return fresh.failure();
  auto key = fresh->to_pem();
  if (!key) return key.failure();
  auto opened = read_private_key(*key);
  serial_number serial{};
  if (!opened || !draw(serial)) return cannot_make("a serial number");
  auto* issuer = authority->certificate.get();
  auto made = start(opened.get(), serial, name, certificate_days);
  bool good = made && end_within(made.get(), issuer) &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1 &&
              add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(made.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
              add_extension(made.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
              add_extension(made.get(), issuer, NID_subject_key_identifier, "hash") &&
              add_extension(made.get(), issuer, NID_authority_key_identifier, "keyid") &&
              (names->empty() || add_extension(made.get(), issuer, NID_subject_alt_name, *names)) &&
              X509_sign(made.get(), authority->key.get(), EVP_sha256()) > 0;
  auto text = good ? to_pem(made.get()) : std::string();
  if (text.empty()) return cannot_make("a certificate");
  return issued_certificate{text, *key, to_hex(serial), 1000 * seconds_of(X509_get0_notAfter(made.get()))};
}

}  // namespace pusher
