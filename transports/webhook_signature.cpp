#include "transports/webhook_signature.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "transports/base64url.hpp"

namespace pusher {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr size_t secret_bytes = 32;

/// With padding and the plain alphabet, as Standard Webhooks writes secrets and signatures.
template <size_t Count>
std::string to_base64(const std::array<unsigned char, Count>& bytes) {
  std::array<unsigned char, (Count + 2) / 3 * 4 + 1> text{};
  int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(Count));
  return {reinterpret_cast<const char*>(text.data()), static_cast<size_t>(size)};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

result<std::string> make_webhook_secret() {
  std::array<unsigned char, secret_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return error{errc::internal, "The system gave no random bytes", "", 0};
  return std::string(prefix) + to_base64(bytes);
}

result<std::string> webhook_signature(const std::vector<std::string>& secrets, std::string_view id,
                                      int64_t seconds, std::string_view body) {
  std::string content(id);
  content.append(".").append(std::to_string(seconds)).append(".").append(body);
  std::string made;
  for (const auto& secret : secrets) {
    auto key = std::string_view(secret).substr(0, prefix.size()) == prefix
                   ? from_base64url(std::string_view(secret).substr(prefix.size()))
                   : std::nullopt;
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    if (!key || key->empty() ||
        !HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), bytes_of(content), content.size(),
              digest.data(), &size) ||
        size != digest.size())
      return error{errc::corrupt_data, "A webhook's secret cannot be used", "", 0};
    made += (made.empty() ? "v1," : " v1,") + to_base64(digest);
  }
  return made;
}

}  // namespace pusher
