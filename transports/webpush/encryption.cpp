#include "transports/webpush/encryption.hpp"

#include <cstring>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>

#include "transports/base64url.hpp"

namespace pusher {

namespace {

using hash = std::array<uint8_t, 32>;

constexpr size_t point_bytes = 65;
constexpr size_t salt_bytes = 16;
constexpr size_t header_bytes = salt_bytes + 4 + 1 + point_bytes;
constexpr size_t tag_bytes = 16;
constexpr size_t block_bytes = 64;  // of SHA-256
constexpr uint32_t record_size = 4096;
constexpr uint8_t last_record = 2;

// With the terminating zero that RFC 8291 and RFC 8188 ask for, and the counter of HKDF's only block.
constexpr std::string_view key_info("WebPush: info\0", 14);
constexpr std::string_view cek_info("Content-Encoding: aes128gcm\0\x01", 29);
constexpr std::string_view nonce_info("Content-Encoding: nonce\0\x01", 25);

error failed(const char* what) {
  ERR_clear_error();
  return {errc::internal, std::string("encrypting a push: ") + what, "", 0};
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

result<subscription_keys> subscription_keys::parse(std::string_view joined) {
  auto dot = joined.find('.');
  auto point = from_base64url(joined.substr(0, dot));
  auto secret = from_base64url(dot == std::string_view::npos ? "" : joined.substr(dot + 1));
  subscription_keys keys;
  if (!point || !secret || point->size() != keys.p256dh.size() || secret->size() != keys.auth.size())
    return error{errc::invalid_field,
                 "a subscription has a p256dh of 65 bytes and an auth of 16, both in base64url", "", 0};
  std::memcpy(keys.p256dh.data(), point->data(), point->size());
  std::memcpy(keys.auth.data(), secret->data(), secret->size());
  return keys;
}

/// OpenSSL's objects, fetched and made once: doing so per push costs more than the mathematics.
struct web_push_encryptor::parts {
  EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  BN_CTX* numbers = BN_CTX_new();
  EC_POINT* peer = EC_POINT_new(group);
  EC_POINT* own = EC_POINT_new(group);
  EC_POINT* shared = EC_POINT_new(group);
  BIGNUM* scalar = BN_secure_new();
  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_CIPHER* aes = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();

  ~parts() {
    EVP_CIPHER_CTX_free(cipher);
    EVP_CIPHER_free(aes);
    EVP_MD_CTX_free(digest);
    EVP_MD_free(sha256);
    BN_clear_free(scalar);
    EC_POINT_clear_free(shared);
    EC_POINT_free(own);
    EC_POINT_free(peer);
    BN_CTX_free(numbers);
    EC_GROUP_free(group);
  }

  bool half_hmac(const uint8_t* key, size_t key_size, uint8_t pad,
                 std::initializer_list<std::string_view> message, hash& into) {
    std::array<uint8_t, block_bytes> block;
    block.fill(pad);
    for (size_t i = 0; i < key_size; ++i)
      block[i] ^= key[i];
    bool good = EVP_DigestInit_ex2(digest, sha256, nullptr) == 1 &&
                EVP_DigestUpdate(digest, block.data(), block.size()) == 1;
    for (auto piece : message)
      good = good && EVP_DigestUpdate(digest, piece.data(), piece.size()) == 1;
    good = good && EVP_DigestFinal_ex(digest, into.data(), nullptr) == 1;
    OPENSSL_cleanse(block.data(), block.size());
    return good;
  }

  /// HMAC-SHA-256 (RFC 2104) under a key of at most a block.
  bool hmac(const uint8_t* key, size_t key_size, std::initializer_list<std::string_view> message,
            hash& into) {
    hash inner;
    return half_hmac(key, key_size, 0x36, message, inner) &&
           half_hmac(key, key_size, 0x5c,
                     {std::string_view(reinterpret_cast<const char*>(inner.data()), inner.size())}, into);
  }
};

web_push_encryptor::web_push_encryptor() : parts_(std::make_unique<parts>()) {}
web_push_encryptor::~web_push_encryptor() = default;

result<void> web_push_encryptor::encrypt(const subscription_keys& to, std::string_view plaintext,
                                         std::string& body) {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, salt_bytes> salt{};
  // A scalar from [1, n - 1]: almost every 32 random bytes are one; the others are thrown away.
  const BIGNUM* order = EC_GROUP_get0_order(parts_->group);
  do {
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1 ||
        BN_bin2bn(key.data(), static_cast<int>(key.size()), parts_->scalar) == nullptr)
      return failed("no random numbers");
  } while (BN_is_zero(parts_->scalar) || BN_cmp(parts_->scalar, order) >= 0);
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return failed("no random numbers");
  auto done = encrypt_with(to, plaintext, key, salt, body);
  OPENSSL_cleanse(key.data(), key.size());
  return done;
}

result<void> web_push_encryptor::encrypt_with(const subscription_keys& to, std::string_view plaintext,
                                              const std::array<uint8_t, 32>& sender_key,
                                              const std::array<uint8_t, 16>& salt, std::string& body) {
  if (plaintext.size() > web_push_plaintext_bytes)
    return error{errc::payload_too_large,
                 "a Web Push message has at most " + std::to_string(web_push_plaintext_bytes) + " bytes", "",
                 0};
  auto& p = *parts_;
  auto text = [](const auto& array) {
    return std::string_view(reinterpret_cast<const char*>(array.data()), array.size());
  };
  if (EC_POINT_oct2point(p.group, p.peer, to.p256dh.data(), to.p256dh.size(), p.numbers) != 1) {
    ERR_clear_error();
    return error{errc::invalid_field, "the subscription's p256dh is no point of P-256", "", 0};
  }
  std::array<uint8_t, point_bytes> own{};
  std::array<uint8_t, point_bytes> shared{};
  if (BN_bin2bn(sender_key.data(), static_cast<int>(sender_key.size()), p.scalar) == nullptr ||
      EC_POINT_mul(p.group, p.own, p.scalar, nullptr, nullptr, p.numbers) != 1 ||
      EC_POINT_mul(p.group, p.shared, nullptr, p.peer, p.scalar, p.numbers) != 1 ||
      EC_POINT_point2oct(p.group, p.own, POINT_CONVERSION_UNCOMPRESSED, own.data(), own.size(), p.numbers) !=
          own.size() ||
      EC_POINT_point2oct(p.group, p.shared, POINT_CONVERSION_UNCOMPRESSED, shared.data(), shared.size(),
                         p.numbers) != shared.size())
    return failed("no shared secret");

  hash extracted{};
  hash input{};
  hash pseudo_random{};
  hash content_key{};
  hash nonce{};
  // The secret is the x coordinate alone.
  std::string_view secret(reinterpret_cast<const char*>(shared.data()) + 1, 32);
  bool derived = p.hmac(to.auth.data(), to.auth.size(), {secret}, extracted) &&
                 p.hmac(extracted.data(), extracted.size(),
                        {key_info, text(to.p256dh), text(own), std::string_view("\x01", 1)}, input) &&
                 p.hmac(salt.data(), salt.size(), {text(input)}, pseudo_random) &&
                 p.hmac(pseudo_random.data(), pseudo_random.size(), {cek_info}, content_key) &&
                 p.hmac(pseudo_random.data(), pseudo_random.size(), {nonce_info}, nonce);

  body.resize(header_bytes + plaintext.size() + 1 + tag_bytes);
  auto* at = bytes(body);
  std::memcpy(at, salt.data(), salt.size());
  for (int i = 0; i < 4; ++i)
    at[salt_bytes + static_cast<size_t>(i)] = static_cast<uint8_t>(record_size >> (24 - 8 * i));
  at[salt_bytes + 4] = point_bytes;
  std::memcpy(at + salt_bytes + 5, own.data(), own.size());

  auto* sealed = at + header_bytes;
  int size = 0;
  bool good =
      derived && EVP_EncryptInit_ex2(p.cipher, p.aes, content_key.data(), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(p.cipher, sealed, &size, reinterpret_cast<const unsigned char*>(plaintext.data()),
                        static_cast<int>(plaintext.size())) == 1 &&
      EVP_EncryptUpdate(p.cipher, sealed + plaintext.size(), &size, &last_record, 1) == 1 &&
      EVP_EncryptFinal_ex(p.cipher, sealed + plaintext.size() + 1, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(p.cipher, EVP_CTRL_AEAD_GET_TAG, tag_bytes, sealed + plaintext.size() + 1) == 1;
  for (auto* each : {&extracted, &input, &pseudo_random, &content_key, &nonce})
    OPENSSL_cleanse(each->data(), each->size());
  OPENSSL_cleanse(shared.data(), shared.size());
  return good ? result<void>() : failed("the cipher refuses");
}

}  // namespace pusher
