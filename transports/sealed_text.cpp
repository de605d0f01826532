#include "transports/sealed_text.hpp"

#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "transports/base64url.hpp"

namespace pusher {

namespace {

constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;

using context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string seal(const seal_key& key, std::string_view text, std::string_view context_text) {
  std::string made(nonce_bytes + text.size() + tag_bytes, '\0');
  context cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  bool good = cipher && RAND_bytes(bytes(made), nonce_bytes) == 1 &&
              EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(made)) == 1 &&
              EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(context_text),
                                static_cast<int>(context_text.size())) == 1 &&
              EVP_EncryptUpdate(cipher.get(), bytes(made) + nonce_bytes, &size, bytes(text),
                                static_cast<int>(text.size())) == 1 &&
              EVP_EncryptFinal_ex(cipher.get(), bytes(made) + nonce_bytes + size, &size) == 1 &&
              EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                                  bytes(made) + nonce_bytes + text.size()) == 1;
  ERR_clear_error();
  return good ? to_base64url(made) : std::string();
}

std::optional<std::string> unseal(const seal_key& key, std::string_view sealed,
                                  std::string_view context_text) {
  auto raw = from_base64url(sealed);
  if (!raw || raw->size() < nonce_bytes + tag_bytes) return std::nullopt;
  size_t count = raw->size() - nonce_bytes - tag_bytes;
  std::string text(count, '\0');
  context cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  bool good =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(*raw)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes(context_text),
                        static_cast<int>(context_text.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(text), &size, bytes(*raw) + nonce_bytes,
                        static_cast<int>(count)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, bytes(*raw) + nonce_bytes + count) ==
          1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(text) + size, &size) == 1;
  ERR_clear_error();
  return good ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace pusher
