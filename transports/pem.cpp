#include "transports/pem.hpp"

#include <ctime>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace pusher {

namespace {

using bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

bio reader_of(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::string text_of(BIO* memory) {
  char* text = nullptr;
  auto size = BIO_get_mem_data(memory, &text);
  return {text, static_cast<size_t>(size)};
}

int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

void certificate_deleter::operator()(X509* certificate) const {
  X509_free(certificate);
}

std::shared_ptr<EVP_PKEY> read_private_key(std::string_view pem) {
  auto source = reader_of(pem);
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_pass_phrase, nullptr),
                                EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

std::optional<std::vector<certificate_ptr>> read_certificates(std::string_view pem) {
  auto source = reader_of(pem);
  std::vector<certificate_ptr> found;
  ERR_clear_error();
  while (auto* next = PEM_read_bio_X509(source.get(), nullptr, no_pass_phrase, nullptr))
    found.emplace_back(next);
  auto why = ERR_peek_last_error();
  ERR_clear_error();
  // That none follows is how it ends; anything else is a broken one.
  if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE) return std::nullopt;
  return found;
}

std::string to_pem(X509* certificate) {
  bio into(BIO_new(BIO_s_mem()), BIO_free);
  if (!into || PEM_write_bio_X509(into.get(), certificate) != 1) return {};
  return text_of(into.get());
}

std::string subject_of(const X509* certificate) {
  bio into(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(into.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return text_of(into.get());
}

int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(timegm(&parts)) : 0;
}

}  // namespace pusher
