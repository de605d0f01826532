// Service accounts and the assertions signed with them.
#include <doctest/doctest.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "model/json.hpp"
#include "transports/base64url.hpp"
#include "transports/service_account.hpp"

using namespace pusher;

namespace {

using key_handle = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

key_handle make_key(unsigned bits) {
  return {EVP_RSA_gen(bits), EVP_PKEY_free};
}

std::string pem_of(EVP_PKEY* key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  auto size = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(out);
  return pem;
}

std::string account_json(const std::string& pem,
                         const std::string& token_uri = "https://oauth2.example/token",
                         const std::string& type = "service_account") {
  rapidjson::Document made(rapidjson::kObjectType);
  auto& pool = made.GetAllocator();
  auto put = [&](const char* name, const std::string& value) {
    made.AddMember(rapidjson::StringRef(name), rapidjson::Value(value.c_str(), pool), pool);
  };
  put("type", type);
  put("project_id", "my-project");
  put("private_key_id", "key-1");
  put("private_key", pem);
  put("client_email", "pusher@my-project.iam.example");
  put("client_id", "1234");
  put("token_uri", token_uri);
  return json::to_text(made);
}

std::string from_base64url(std::string text) {
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size(), '\0');
  int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  REQUIRE(size >= 0);
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

bool verifies(EVP_PKEY* key, const std::string& signed_part, const std::string& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(signed_part),
                               signed_part.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

}  // namespace

TEST_CASE("an assertion has the claims that Google asks for and a signature that verifies") {
  auto key = make_key(2048);
  auto account = parse_service_account(account_json(pem_of(key.get())), "account.json");
  REQUIRE(account.ok());
  auto assertion = make_assertion(*account, 1'764'000'000'999);
  REQUIRE(assertion.ok());
  auto first = assertion->find('.');
  auto second = assertion->rfind('.');
  REQUIRE(first < second);
  CHECK(assertion->find_first_of("+/=") == std::string::npos);
  auto header = json::parse(from_base64url(assertion->substr(0, first)));
  auto claims = json::parse(from_base64url(assertion->substr(first + 1, second - first - 1)));
  REQUIRE(header.ok());
  REQUIRE(claims.ok());
  CHECK(json::to_text(*header) == R"({"alg":"RS256","typ":"JWT","kid":"key-1"})");
  CHECK(
      json::to_text(*claims) ==
      R"({"iss":"pusher@my-project.iam.example","scope":"https://www.googleapis.com/auth/firebase.messaging",)"
      R"("aud":"https://oauth2.example/token","iat":1764000000,"exp":1764003600})");
  auto signature = from_base64url(assertion->substr(second + 1));
  CHECK(signature.size() == 256);
  CHECK(verifies(key.get(), assertion->substr(0, second), signature));
  CHECK_FALSE(verifies(key.get(), assertion->substr(0, second) + "x", signature));
}

TEST_CASE("a service account file that cannot be used is refused with the field's name and without the key") {
  auto key = make_key(2048);
  auto pem = pem_of(key.get());
  auto refusal = [](const std::string& text) {
    auto read = parse_service_account(text, "account.json");
    REQUIRE_FALSE(read.ok());
    CHECK(read.failure().code == errc::invalid_configuration);
    CHECK(read.failure().detail.find("account.json") != std::string::npos);
    CHECK(read.failure().detail.find("PRIVATE KEY") == std::string::npos);
    return read.failure().detail;
  };
  CHECK(refusal("{").find("JSON") != std::string::npos);
  CHECK(refusal("[]").find("JSON") != std::string::npos);
  CHECK(refusal(R"({"type":"service_account"})").find("'project_id'") != std::string::npos);
  CHECK(refusal(account_json(pem, "https://x/token", "authorized_user")).find("'type'") != std::string::npos);
  CHECK(refusal(account_json(pem, "http://oauth2.example/token")).find("'token_uri'") != std::string::npos);
  CHECK(refusal(account_json("-----BEGIN PRIVATE KEY-----\nAAAA\n")).find("'private_key'") !=
        std::string::npos);
  CHECK(refusal(account_json(pem_of(make_key(1024).get()))).find("2048") != std::string::npos);
  CHECK(load_service_account("/nonexistent.json").failure().code == errc::invalid_configuration);
}

TEST_CASE("base64url has its own alphabet and no padding") {
  CHECK(to_base64url("") == "");
  CHECK(to_base64url("f") == "Zg");
  CHECK(to_base64url("fo") == "Zm8");
  CHECK(to_base64url("\xfb\xff\xfe") == "-__-");
}
