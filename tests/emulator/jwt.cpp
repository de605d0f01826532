#include "tests/emulator/jwt.hpp"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

constexpr size_t half_signature_bytes = 32;

using signature_ptr = std::unique_ptr<ECDSA_SIG, freer<ECDSA_SIG, ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// OpenSSL verifies DER, while a JWT carries r and s as they are.
std::string der_of(std::string_view raw) {
  signature_ptr pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(raw), half_signature_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw) + half_signature_bytes, half_signature_bytes, nullptr);
  ECDSA_SIG_set0(pair.get(), r, s);
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &der);
  std::string text(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::optional<jwt> read_jwt(std::string_view text) {
  auto first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || first == last || text.find('.', first + 1) != last)
    return std::nullopt;
  auto header = from_base64url(text.substr(0, first));
  auto claims = from_base64url(text.substr(first + 1, last - first - 1));
  auto signature = from_base64url(text.substr(last + 1));
  std::optional<jwt> token(std::in_place);
  if (!header || !claims || !signature || !parse_object(*header, token->header) ||
      !parse_object(*claims, token->claims))
    return std::nullopt;
  token->signing_input = text.substr(0, last);
  token->signature = std::move(*signature);
  return token;
}

bool signed_with_es256(const jwt& token, EVP_PKEY* key) {
  if (text_member(&token.header, "alg") != "ES256") return false;
  if (token.signature.size() != 2 * half_signature_bytes) return false;
  auto der = der_of(token.signature);
  digest_context_ptr context(EVP_MD_CTX_new());
  bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestVerify(context.get(), bytes(der), der.size(), bytes(token.signing_input),
                               token.signing_input.size()) == 1;
  // What is left in OpenSSL's error queue would be taken for a fault of the connection.
  ERR_clear_error();
  return good;
}

std::optional<int64_t> number_claim(const jwt& token, std::string_view name) {
  auto found = member_of(&token.claims, name);
  if (!found || !found->IsInt64()) return std::nullopt;
  return found->GetInt64();
}

}  // namespace pusher::emulator
