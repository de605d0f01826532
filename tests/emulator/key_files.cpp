#include "tests/emulator/key_files.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/files.hpp"

namespace pusher::emulator {

key_ptr ensure_p256_key(const std::string& path) {
  if (auto text = read_file(path)) {
    bio_ptr memory(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    key_ptr key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
    return key && EVP_PKEY_is_a(key.get(), "EC") == 1 ? std::move(key) : nullptr;
  }
  // OpenSSL asks for a char* that it only reads.
  char curve[] = "P-256";
  key_ptr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
  bio_ptr memory(BIO_new(BIO_s_mem()));
  bool kept =
      key &&
      PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      write_file(path, text_of(memory.get()), 0600);
  return kept ? std::move(key) : nullptr;
}

std::optional<std::string> ensure_secret(const std::string& path, size_t bytes) {
  auto text = read_file(path);
  if (!text) {
    text = base64url(random_bytes(bytes));
    if (!write_file(path, *text, 0600)) return std::nullopt;
  }
  return text;
}

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
  return bytes;
}

}  // namespace pusher::emulator
