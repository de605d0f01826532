// Web Push: encryption by the RFCs' own example, VAPID, endpoints from strangers, addresses.
#include <doctest/doctest.h>

#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>

#include "model/json.hpp"
#include "transports/address_guard.hpp"
#include "transports/base64url.hpp"
#include "transports/webpush/encryption.hpp"
#include "transports/webpush/endpoint.hpp"
#include "transports/webpush/vapid.hpp"

using namespace pusher;

namespace {

// RFC 8291, section 5 and appendix A.
const std::string watermelon = "When I grow up, I want to be a watermelon";
const std::string ua_public =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const std::string ua_private = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const std::string auth_secret = "BTBZMqHH6r4Tts7J_aSIgg";

template <size_t Size>
std::array<uint8_t, Size> raw(const std::string& text) {
  auto bytes = from_base64url(text);
  REQUIRE(bytes);
  REQUIRE(bytes->size() == Size);
  std::array<uint8_t, Size> made{};
  std::copy(bytes->begin(), bytes->end(), made.begin());
  return made;
}

subscription_keys browser() {
  auto keys = subscription_keys::parse(ua_public + "." + auth_secret);
  REQUIRE(keys.ok());
  return *keys;
}

std::string hkdf(const std::string& salt, const std::string& key, const std::string& info, size_t size) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr);
  auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  std::string made(size, '\0');
  EVP_PKEY_derive_init(context);
  EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256());
  EVP_PKEY_CTX_set1_hkdf_salt(context, bytes(salt), static_cast<int>(salt.size()));
  EVP_PKEY_CTX_set1_hkdf_key(context, bytes(key), static_cast<int>(key.size()));
  EVP_PKEY_CTX_add1_hkdf_info(context, bytes(info), static_cast<int>(info.size()));
  REQUIRE(EVP_PKEY_derive(context, reinterpret_cast<unsigned char*>(made.data()), &size) == 1);
  EVP_PKEY_CTX_free(context);
  return made;
}

/// What the browser makes of a body, by other calls than those that made it. Empty when it does not fit.
std::string decrypted(const std::string& body) {
  auto as_public = body.substr(21, 65);
  EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT* point = EC_POINT_new(group);
  EC_POINT_oct2point(group, point, reinterpret_cast<const unsigned char*>(as_public.data()), 65, nullptr);
  auto scalar = raw<32>(ua_private);
  BIGNUM* number = BN_bin2bn(scalar.data(), 32, nullptr);
  EC_POINT* product = EC_POINT_new(group);
  EC_POINT_mul(group, product, nullptr, point, number, nullptr);
  std::string shared(65, '\0');
  EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED,
                     reinterpret_cast<unsigned char*>(shared.data()), 65, nullptr);
  EC_POINT_free(product);
  EC_POINT_free(point);
  EC_GROUP_free(group);
  BN_free(number);
  auto salt = body.substr(0, 16);
  auto ikm = hkdf(*from_base64url(auth_secret), shared.substr(1, 32),
                  std::string("WebPush: info\0", 14) + *from_base64url(ua_public) + as_public, 32);
  auto key = hkdf(salt, ikm, std::string("Content-Encoding: aes128gcm\0", 28), 16);
  auto nonce = hkdf(salt, ikm, std::string("Content-Encoding: nonce\0", 24), 12);
  auto sealed = body.substr(86);
  std::string text(sealed.size() - 16, '\0');
  auto bytes = [](std::string& from) { return reinterpret_cast<unsigned char*>(from.data()); };
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  int size = 0;
  EVP_DecryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_DecryptUpdate(cipher, bytes(text), &size, bytes(sealed), static_cast<int>(text.size()));
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, 16, bytes(sealed) + text.size());
  bool good = EVP_DecryptFinal_ex(cipher, bytes(text) + size, &size) == 1;
  EVP_CIPHER_CTX_free(cipher);
  if (!good || text.back() != 2) return "";
  text.pop_back();
  return text;
}

sockaddr_storage address(const std::string& text) {
  sockaddr_storage made{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(made);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    made.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1)
    made.ss_family = AF_INET6;
  return made;
}

}  // namespace

TEST_CASE("the example of RFC 8291 comes out byte for byte") {
  web_push_encryptor encryptor;
  std::string body;
  REQUIRE(encryptor
              .encrypt_with(browser(), watermelon, raw<32>("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
                            raw<16>("DGv6ra1nlYgDCS1FRnbzlw"), body)
              .ok());
  CHECK(to_base64url(body) ==
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_"
        "c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK"
        "6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
}

TEST_CASE("every push has a key and a salt of its own, and the browser reads it") {
  web_push_encryptor encryptor;
  std::set<std::string> salts, keys;
  std::string body;
  for (size_t size : {size_t{0}, size_t{1}, size_t{100}, web_push_plaintext_bytes}) {
    for (int i = 0; i < 5; ++i) {
      std::string text(size, static_cast<char>('a' + i));
      REQUIRE(encryptor.encrypt(browser(), text, body).ok());
      CHECK(decrypted(body) == text);
      CHECK(body.size() == 86 + size + 1 + 16);
      salts.insert(body.substr(0, 16));
      keys.insert(body.substr(21, 65));
    }
  }
  CHECK(body.size() == 4096);
  CHECK(salts.size() == 20);
  CHECK(keys.size() == 20);
  CHECK(encryptor.encrypt(browser(), std::string(web_push_plaintext_bytes + 1, 'x'), body).failure().code ==
        errc::payload_too_large);
}

TEST_CASE("keys that are none are refused") {
  CHECK_FALSE(subscription_keys::parse("").ok());
  CHECK_FALSE(subscription_keys::parse(ua_public).ok());
  CHECK_FALSE(subscription_keys::parse(ua_public + "." + auth_secret + "AA").ok());
  CHECK_FALSE(subscription_keys::parse("***." + auth_secret).ok());
  auto off_the_curve = browser();
  off_the_curve.p256dh[40] ^= 1;
  web_push_encryptor encryptor;
  std::string body;
  CHECK(encryptor.encrypt(off_the_curve, "x", body).failure().code == errc::invalid_field);
  CHECK(encryptor.encrypt(browser(), "x", body).ok());
}

TEST_CASE("a VAPID field names origin, contact and key, and lives half a day") {
  auto key = ec_key::generate();
  auto field = vapid_authorization(*key, "https://push.example.net", "mailto:ops@example.com", 1'800'000'000);
  REQUIRE(field.ok());
  REQUIRE(field->rfind("vapid t=", 0) == 0);
  auto comma = field->find(", k=");
  auto token = field->substr(8, comma - 8);
  CHECK(from_base64url(field->substr(comma + 4))->size() == 65);
  auto first = token.find('.'), second = token.rfind('.');
  CHECK(from_base64url(token.substr(0, first)) == R"({"typ":"JWT","alg":"ES256"})");
  CHECK(from_base64url(token.substr(first + 1, second - first - 1)) ==
        R"({"aud":"https://push.example.net","exp":1800043200,"sub":"mailto:ops@example.com"})");
  CHECK(from_base64url(token.substr(second + 1))->size() == 64);
}

TEST_CASE("contacts that push services would refuse are refused before") {
  for (const char* good : {"mailto:ops@example.com", "https://example.com/contact", "https://example.co.uk"})
    CHECK_MESSAGE(check_vapid_subject(good).ok(), good);
  for (const char* bad :
       {"", "ops@example.com", "mailto:", "mailto:ops", "mailto:@example.com", "mailto:ops@localhost",
        "https://localhost", "https://a.invalid", "https://a.test", "https://10.0.0.1", "http://example.com",
        "https://server", "https://x.local/", "mailto:a@b.c"})
    CHECK_MESSAGE(!check_vapid_subject(bad).ok(), bad);
}

TEST_CASE("keys are kept as PEM, and say the same afterwards") {
  auto key = ec_key::generate();
  auto again = ec_key::parse(*key->to_pem());
  REQUIRE(again.ok());
  CHECK(again->public_point() == key->public_point());
  CHECK(again->derive_secret("a") == key->derive_secret("a"));
  CHECK(again->derive_secret("a") != key->derive_secret("b"));
  auto nonsense = ec_key::parse("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  CHECK(nonsense.failure().detail == "not a P-256 private key in PEM");
}

TEST_CASE("endpoints of push services are taken apart") {
  auto made = parse_endpoint("https://Push.Services.Mozilla.com/wpush/v2/gAAA?x=1", {});
  REQUIRE(made.ok());
  CHECK(made->origin.host == "push.services.mozilla.com");
  CHECK(made->origin.authority == "push.services.mozilla.com");
  CHECK(made->origin.port == 443);
  CHECK(made->path == "/wpush/v2/gAAA?x=1");
  CHECK(parse_endpoint("https://fcm.googleapis.com", {})->path == "/");
  endpoint_rules some{{"fcm.googleapis.com", "*.push.apple.com"}, false};
  CHECK(parse_endpoint("https://web.push.apple.com/Q1", some).ok());
  CHECK(parse_endpoint("https://fcm.googleapis.com/fcm/send/x", some).ok());
  CHECK_FALSE(parse_endpoint("https://push.apple.com.evil.com/x", some).ok());
  CHECK_FALSE(parse_endpoint("https://evilpush.apple.com/x", some).ok());
  endpoint_rules tests{{}, true};
  CHECK(parse_endpoint("https://127.0.0.1:4433/x", tests)->origin.authority == "127.0.0.1:4433");
  CHECK(parse_endpoint("https://[::1]:4433/x", tests)->origin.authority == "[::1]:4433");
}

TEST_CASE("endpoints that lead elsewhere are refused") {
  for (const char* bad : {
           "http://push.example.com/x",
           "https://",
           "https:///x",
           "https://localhost/x",
           "https://server/x",
           "https://127.0.0.1/x",
           "https://2130706433/x",
           "https://0x7f.1/x",
           "https://127.1/x",
           "https://0177.0.0.1/x",
           "https://[::1]/x",
           "https://[::ffff:10.0.0.1]/x",
           "https://user@push.example.com/x",
           "https://user:secret@push.example.com/x",
           "https://push.example.com@evil.example/x",
           "https://push.example.com:22/x",
           "https://push.example.com:0/x",
           "https://push.example.com:99999/x",
           "https://push.example.com:4 43/x",
           "https://push.example.com\\@evil.example/x",
           "https://push.example.com/\tx",
           "https://push.example.com/x#y",
           "https://push%2eexample.com/x",
           "https://p\xc3\xbcsh.example.com/x",
           "https://.example.com/x",
           "https://a..example.com/x",
           "HTTPS://push.example.com/x",
           "ftp://push.example.com/x",
       })
    CHECK_MESSAGE(!parse_endpoint(bad, {}).ok(), bad);
  CHECK_FALSE(parse_endpoint("https://push.example.com/" + std::string(2048, 'x'), {}).ok());
}

TEST_CASE("only addresses of the public internet are public, at the edges of every block") {
  for (const char* good :
       {"1.1.1.1",         "9.255.255.255",     "11.0.0.0",         "100.63.255.255",  "100.128.0.0",
        "126.255.255.255", "128.0.0.0",         "169.253.255.255",  "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",         "192.0.3.0",        "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",        "223.255.255.255",  "2000::1",         "2001:200::1",
        "2606:4700::1111", "2002:0101:0101::1", "64:ff9b::1.1.1.1", "3ffe::1"})
    CHECK_MESSAGE(is_public(address(good)), good);
  for (const char* bad : {"0.0.0.0",
                          "0.255.255.255",
                          "10.0.0.0",
                          "10.255.255.255",
                          "100.64.0.0",
                          "100.127.255.255",
                          "127.0.0.1",
                          "127.255.255.255",
                          "169.254.0.0",
                          "169.254.169.254",
                          "172.16.0.0",
                          "172.31.255.255",
                          "192.0.0.1",
                          "192.0.2.1",
                          "192.88.99.1",
                          "192.168.0.0",
                          "192.168.255.255",
                          "198.18.0.0",
                          "198.19.255.255",
                          "198.51.100.1",
                          "203.0.113.1",
                          "224.0.0.1",
                          "239.255.255.255",
                          "240.0.0.1",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "::ffff:1.1.1.1",
                          "::ffff:10.0.0.1",
                          "::10.0.0.1",
                          "fc00::1",
                          "fdff::1",
                          "fe80::1",
                          "febf::1",
                          "fec0::1",
                          "ff02::1",
                          "2001::1",
                          "2001:1ff::1",
                          "2001:db8::1",
                          "2002:0a00:0001::1",
                          "2002:7f00:0001::1",
                          "64:ff9b::10.0.0.1",
                          "64:ff9b:1::1",
                          "3fff::1",
                          "5f00::1",
                          "4000::1"})
    CHECK_MESSAGE(!is_public(address(bad)), bad);
  CHECK_FALSE(is_public(sockaddr_storage{}));
}
