#include "transports/jwt.hpp"

#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "transports/base64url.hpp"

namespace pusher {

namespace {

constexpr int shortest_key_bits = 2048;

/// Keeps OpenSSL from asking for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

result<rsa_key> rsa_key::parse(std::string_view pem) {
  BIO* source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(source, nullptr, no_pass_phrase, nullptr),
                                EVP_PKEY_free);
  BIO_free(source);
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(key.get()) < shortest_key_bits)
    return error{errc::invalid_configuration, "not an RSA private key of at least 2048 bits in PEM", "", 0};
  return rsa_key(std::move(key));
}

result<std::string> rsa_key::sign_jwt(std::string_view header, std::string_view claims) const {
  std::string token = to_base64url(header) + "." + to_base64url(claims);
  auto* input = reinterpret_cast<const unsigned char*>(token.data());
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::vector<unsigned char> signature(static_cast<size_t>(EVP_PKEY_get_size(key_.get())));
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, input, token.size()) != 1) {
    ERR_clear_error();
    return error{errc::internal, "cannot sign a token", "", 0};
  }
  return token + "." + to_base64url({reinterpret_cast<const char*>(signature.data()), size});
}

}  // namespace pusher
