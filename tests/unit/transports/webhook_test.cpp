// Webhooks: signatures by vectors that openssl made, and the URLs that are refused.
#include <doctest/doctest.h>

#include "transports/outside_url.hpp"
#include "transports/webhook_signature.hpp"

using namespace pusher;

TEST_CASE("a webhook is signed as Standard Webhooks has it") {
  // printf '%s' 'ID.SECONDS.BODY' | openssl dgst -sha256 -mac HMAC -macopt hexkey:... -binary | base64
  auto published = webhook_signature({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                                     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");
  CHECK(*published == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::string old_secret = "whsec_YSBwdXNoZXIgdGVzdCBzZWNyZXQgb2YgMzIgYnl0ZXM=";
  const std::string new_secret = "whsec_YW5vdGhlciBwdXNoZXIgdGVzdCBzZWNyZXQsIDMyIGI=";
  const auto* body = R"({"type":"events","events":[]})";
  CHECK(*webhook_signature({old_secret}, "msg_0001", 1700000000, body) ==
        "v1,IH5bEkyS5VY8q1sDv8aZEDqTM6tL9pPkqt+Hl6ZrByY=");
  CHECK(*webhook_signature({new_secret, old_secret}, "msg_0001", 1700000000, body) ==
        "v1,2m9S/IytsAvUCpjY65rce3agHPD5QzgS3YYHZpdq9as= v1,IH5bEkyS5VY8q1sDv8aZEDqTM6tL9pPkqt+Hl6ZrByY=");
  for (const char* bad : {"", "whsec_", "whsec_???", "secret_YQ=="}) {
    auto made = webhook_signature({bad}, "msg_0001", 1, body);
    REQUIRE_FALSE(made.ok());
    CHECK(made.failure().code == errc::corrupt_data);
  }
}

TEST_CASE("secrets are random, and sign") {
  auto one = make_webhook_secret(), other = make_webhook_secret();
  CHECK(one->size() == 6 + 44);
  CHECK(*one != *other);
  CHECK(webhook_signature({*one}, "m", 1, "").ok());
}

TEST_CASE("the URL of a webhook leads to a public host, by https, to a port that may be") {
  outside_rules rules;
  rules.ports = {443, 8443};
  for (const char* good : {"https://hooks.example.com", "https://hooks.example.com:8443/x?y=1",
                           "https://xn--bcher-kva.example/", "https://a-b.example.co/"})
    CHECK_MESSAGE(parse_outside_url(good, rules, "the URL").ok(), good);
  for (const char* bad : {"http://hooks.example.com/",
                          "ftp://hooks.example.com/",
                          "file:///etc/passwd",
                          "gopher://hooks.example.com/_x",
                          "//hooks.example.com/",
                          "https:hooks.example.com",
                          "https://user:pass@hooks.example.com/",
                          "https://hooks.example.com:22/",
                          "https://hooks.example.com:6379/",
                          "https://hooks.example.com:80/",
                          "https://hooks.example.com:/",
                          "https://hooks.example.com:443@127.0.0.1/",
                          "https://127.0.0.1/",
                          "https://127.1/",
                          "https://0x7f.1/",
                          "https://0x7f000001/",
                          "https://2130706433/",
                          "https://017700000001/",
                          "https://[::1]/",
                          "https://[::ffff:10.0.0.1]/",
                          "https://[64:ff9b::a00:1]/",
                          "https://169.254.169.254/latest/meta-data",
                          "https://100.64.0.1/",
                          "https://0.0.0.0/",
                          "https://localhost/",
                          "https://localhost./",
                          "https://metadata/",
                          "https://hooks.example.com\\@127.0.0.1/",
                          "https://hooks.example.com#@127.0.0.1/",
                          "https://hooks.example.com /",
                          "https://hooks.example.com/\r\nHost: x",
                          "https://hooks%2eexample.com/",
                          "https://\xe2\x91\xa0.example/",
                          ""}) {
    auto parsed = parse_outside_url(bad, rules, "the URL");
    CHECK_MESSAGE(!parsed.ok(), bad);
    if (!parsed) CHECK(parsed.failure().detail.find("etc/passwd") == std::string::npos);
  }
  outside_rules tests;
  tests.allow_private = tests.allow_http = true;
  CHECK(parse_outside_url("http://127.0.0.1:4433/x", tests, "the URL")->origin.authority == "127.0.0.1:4433");
  CHECK(parse_outside_url("http://127.0.0.1/x", tests, "the URL")->origin.port == 80);
  CHECK(parse_outside_url("http://127.0.0.1:443/x", tests, "the URL")->origin.authority == "127.0.0.1:443");
}
