// Small readers: base URLs and Retry-After.
#include <doctest/doctest.h>

#include "transports/origin.hpp"
#include "transports/retry_after.hpp"

using namespace pusher;

TEST_CASE("a base URL is taken apart") {
  auto plain = parse_origin("https://fcm.googleapis.com");
  REQUIRE(plain.ok());
  CHECK(plain->host == "fcm.googleapis.com");
  CHECK(plain->port == 443);
  CHECK(plain->authority == "fcm.googleapis.com");
  CHECK(plain->path.empty());
  auto full = parse_origin("https://127.0.0.1:8443/proxy/fcm/");
  REQUIRE(full.ok());
  CHECK(full->host == "127.0.0.1");
  CHECK(full->port == 8443);
  CHECK(full->authority == "127.0.0.1:8443");
  CHECK(full->path == "/proxy/fcm");
  auto six = parse_origin("https://[::1]:99");
  REQUIRE(six.ok());
  CHECK(six->host == "::1");
  CHECK(six->port == 99);
}

TEST_CASE("what is no https URL is refused") {
  for (const char* url :
       {"", "fcm.googleapis.com", "http://fcm.googleapis.com", "https://", "https://:1", "https://h:0",
        "https://h:x", "https://h:70000", "https://[::1", "https://u@h", "https://h/?q", "https://a b"})
    CHECK_MESSAGE(!parse_origin(url).ok(), url);
}

TEST_CASE("Retry-After is read as seconds or as a date") {
  constexpr utc_ms now = 1'764'000'000'000;  // Mon, 24 Nov 2025 16:00:00 GMT
  CHECK(parse_retry_after("7", "", now) == 7'000);
  CHECK(parse_retry_after(" 120 ", "", now) == 120'000);
  CHECK(parse_retry_after("0", "", now) == 1'000);
  CHECK(parse_retry_after("99999999999999999999", "", now) == 86'400'000);
  CHECK(parse_retry_after("Mon, 24 Nov 2025 16:00:30 GMT", "", now) == 30'000);
  CHECK(parse_retry_after("Mon, 24 Nov 2025 15:00:00 GMT", "", now) == 1'000);
  // By the gateway's own clock, which is an hour behind ours.
  CHECK(parse_retry_after("Mon, 24 Nov 2025 15:00:30 GMT", "Mon, 24 Nov 2025 15:00:00 GMT", now) == 30'000);
  CHECK_FALSE(parse_retry_after("", "", now));
  CHECK_FALSE(parse_retry_after("soon", "", now));
  CHECK_FALSE(parse_retry_after("-5", "", now));
}
