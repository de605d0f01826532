// Owning pointers for OpenSSL's objects.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace pusher::emulator {

template <class T, void (*Free)(T*)>
struct freer {
  void operator()(T* object) const { Free(object); }
};

inline void free_bio(BIO* bio) {
  BIO_free_all(bio);
}

using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY, EVP_PKEY_free>>;
using key_context_ptr = std::unique_ptr<EVP_PKEY_CTX, freer<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using digest_context_ptr = std::unique_ptr<EVP_MD_CTX, freer<EVP_MD_CTX, EVP_MD_CTX_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509, X509_free>>;
using pkcs12_ptr = std::unique_ptr<PKCS12, freer<PKCS12, PKCS12_free>>;
using bio_ptr = std::unique_ptr<BIO, freer<BIO, free_bio>>;
using ssl_context_ptr = std::unique_ptr<SSL_CTX, freer<SSL_CTX, SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freer<SSL, SSL_free>>;

inline std::string text_of(BIO* memory) {
  char* data = nullptr;
  long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace pusher::emulator
