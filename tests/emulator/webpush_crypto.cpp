#include "tests/emulator/webpush_crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

namespace pusher::emulator {

namespace {

constexpr size_t salt_bytes = 16, point_bytes = 65, tag_bytes = 16, secret_bytes = 32;
constexpr size_t key_bytes = 16, nonce_bytes = 12;
constexpr size_t header_bytes = salt_bytes + 4 + 1 + point_bytes;
constexpr size_t smallest_record = tag_bytes + 2;
constexpr char last_record_delimiter = 2;

using cipher_ptr = std::unique_ptr<EVP_CIPHER_CTX, freer<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>>;

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hkdf(std::string_view salt, std::string_view secret, const std::string& info, size_t size) {
  key_context_ptr context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  std::string derived(size, '\0');
  bool done =
      context && EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), bytes(salt), static_cast<int>(salt.size())) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), bytes(secret), static_cast<int>(secret.size())) == 1 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), bytes(info), static_cast<int>(info.size())) == 1 &&
      EVP_PKEY_derive(context.get(), bytes(derived), &size) == 1;
  return done ? derived : std::string();
}

std::string shared_secret(EVP_PKEY* ours, EVP_PKEY* theirs) {
  key_context_ptr context(EVP_PKEY_CTX_new(ours, nullptr));
  std::string secret(secret_bytes, '\0');
  size_t size = secret.size();
  bool done = context && EVP_PKEY_derive_init(context.get()) == 1 &&
              EVP_PKEY_derive_set_peer(context.get(), theirs) == 1 &&
              EVP_PKEY_derive(context.get(), bytes(secret), &size) == 1 && size == secret_bytes;
  return done ? secret : std::string();
}

std::optional<std::string> open_record(std::string_view record, std::string_view key,
                                       std::string_view nonce) {
  cipher_ptr context(EVP_CIPHER_CTX_new());
  auto text = record.substr(0, record.size() - tag_bytes);
  std::string tag(record.substr(text.size()));
  std::string plain(text.size(), '\0');
  int size = 0, rest = 0;
  bool done = EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, bytes(key), bytes(nonce)) == 1 &&
              EVP_DecryptUpdate(context.get(), bytes(plain), &size, bytes(text),
                                static_cast<int>(text.size())) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
              EVP_DecryptFinal_ex(context.get(), bytes(plain) + size, &rest) == 1;
  if (!done) return std::nullopt;
  return plain;
}

/// Takes the zeros and the delimiter off.
bool remove_padding(std::string& plain) {
  auto last = plain.find_last_not_of('\0');
  if (last == std::string::npos || plain[last] != last_record_delimiter) return false;
  plain.resize(last);
  return true;
}

std::string text_with_zero(const char* text) {
  return std::string(text) + '\0';
}

}  // namespace

std::optional<encrypted_body> read_encrypted(std::string_view body) {
  if (body.size() < header_bytes + smallest_record - 1) return std::nullopt;
  auto at = [&](size_t i) { return size_t{static_cast<unsigned char>(body[salt_bytes + i])}; };
  size_t record_size = at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
  if (at(4) != point_bytes || record_size < smallest_record) return std::nullopt;
  encrypted_body parts{body.substr(0, salt_bytes), body.substr(header_bytes - point_bytes, point_bytes),
                       body.substr(header_bytes)};
  if (parts.ciphertext.size() > record_size) return std::nullopt;
  return parts;
}

std::optional<std::string> decrypt(const encrypted_body& body, const webpush_identity& identity) {
  std::optional<std::string> plain;
  if (auto sender = p256_key_of(body.sender)) {
    auto info = text_with_zero("WebPush: info") + identity.point + std::string(body.sender);
    auto secret = hkdf(identity.auth, shared_secret(identity.key.get(), sender.get()), info, secret_bytes);
    auto key = hkdf(body.salt, secret, text_with_zero("Content-Encoding: aes128gcm"), key_bytes);
    auto nonce = hkdf(body.salt, secret, text_with_zero("Content-Encoding: nonce"), nonce_bytes);
    plain = open_record(body.ciphertext, key, nonce);
  }
  // What is left in OpenSSL's error queue would be taken for a fault of the connection.
  ERR_clear_error();
  if (plain && !remove_padding(*plain)) plain.reset();
  return plain;
}

key_ptr p256_key_of(std::string_view point) {
  if (point.size() != point_bytes || point.front() != 4) return nullptr;
  // OpenSSL asks for pointers to what it only reads.
  char curve[] = "P-256";
  std::string copy(point);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end(),
  };
  key_context_ptr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  ERR_clear_error();
  return key_ptr(made ? key : nullptr);
}

std::string point_of(EVP_PKEY* key) {
  std::string point(point_bytes, '\0');
  size_t size = 0;
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
  bool done =
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes(point), point.size(), &size) == 1;
  return done && size == point_bytes ? point : std::string();
}

}  // namespace pusher::emulator
