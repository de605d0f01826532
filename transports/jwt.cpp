#include "transports/jwt.hpp"

#include <vector>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "model/device.hpp"
#include "model/hex.hpp"
#include "transports/base64url.hpp"
#include "transports/pem.hpp"

namespace pusher {

namespace {

constexpr int shortest_rsa_bits = 2048;
constexpr int half_signature = 32;  // r and s of P-256

using bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using bignum = std::unique_ptr<BIGNUM, decltype(&BN_clear_free)>;

bool is_p256(const EVP_PKEY* key) {
  char name[32] = {};
  size_t size = 0;
  bool named = EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1;
  ERR_clear_error();
  return named && std::string_view(name) == SN_X9_62_prime256v1;
}

error cannot_sign() {
  ERR_clear_error();
  return {errc::internal, "cannot sign a token", "", 0};
}

/// A signature by SHA-256 in OpenSSL's form; empty when it fails.
std::vector<unsigned char> sign(EVP_PKEY* key, std::string_view text) {
  auto* input = reinterpret_cast<const unsigned char*>(text.data());
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::vector<unsigned char> signature(static_cast<size_t>(EVP_PKEY_get_size(key)));
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, input, text.size()) != 1)
    size = 0;
  signature.resize(size);
  return signature;
}

std::string fingerprint_of(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  auto digest = sha256({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return to_hex(digest);
}

std::string as_text(const std::vector<unsigned char>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

result<rsa_key> rsa_key::parse(std::string_view pem) {
  auto key = read_private_key(pem);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(key.get()) < shortest_rsa_bits)
    return error{errc::invalid_configuration, "not an RSA private key of at least 2048 bits in PEM", "", 0};
  return rsa_key(std::move(key));
}

result<std::string> rsa_key::sign_jwt(std::string_view header, std::string_view claims) const {
  std::string token = to_base64url(header) + "." + to_base64url(claims);
  auto signature = sign(key_.get(), token);
  if (signature.empty()) return cannot_sign();
  return token + "." + to_base64url(as_text(signature));
}

std::string rsa_key::fingerprint() const {
  return fingerprint_of(key_.get());
}

std::string ec_key::fingerprint() const {
  return fingerprint_of(key_.get());
}

result<ec_key> ec_key::parse(std::string_view pem) {
  auto key = read_private_key(pem);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC || !is_p256(key.get()))
    return error{errc::invalid_configuration, "not a P-256 private key in PEM", "", 0};
  return ec_key(std::move(key));
}

result<ec_key> ec_key::generate() {
  std::shared_ptr<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return error{errc::internal, "cannot generate a key", "", 0};
  return ec_key(std::move(key));
}

result<std::string> ec_key::sign_jwt(std::string_view header, std::string_view claims) const {
  std::string token = to_base64url(header) + "." + to_base64url(claims);
  auto der = sign(key_.get(), token);
  const unsigned char* at = der.data();
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
  std::vector<unsigned char> raw(2 * half_signature);
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw.data(), half_signature) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw.data() + half_signature, half_signature) < 0)
    return cannot_sign();
  return token + "." + to_base64url(as_text(raw));
}

ec_key::point ec_key::public_point() const {
  point made{};
  size_t size = 0;
  EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, made.data(), made.size(),
                                  &size);
  return made;
}

result<std::string> ec_key::to_pem() const {
  bio into(BIO_new(BIO_s_mem()), BIO_free);
  char* text = nullptr;
  if (!into ||
      PEM_write_bio_PKCS8PrivateKey(into.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return error{errc::internal, "cannot write the key", "", 0};
  auto size = BIO_get_mem_data(into.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

std::array<uint8_t, 32> ec_key::derive_secret(std::string_view label) const {
  std::array<uint8_t, 32> scalar{};
  std::array<uint8_t, 32> made{};
  BIGNUM* read = nullptr;
  EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_PRIV_KEY, &read);
  bignum number(read, BN_clear_free);
  if (number) BN_bn2binpad(number.get(), scalar.data(), static_cast<int>(scalar.size()));
  unsigned size = 0;
  HMAC(EVP_sha256(), scalar.data(), static_cast<int>(scalar.size()),
       reinterpret_cast<const unsigned char*>(label.data()), label.size(), made.data(), &size);
  OPENSSL_cleanse(scalar.data(), scalar.size());
  return made;
}

}  // namespace pusher
