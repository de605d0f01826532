#include "http/key_ring.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "http/rate_headers.hpp"
#include "http/wrong_keys.hpp"

using namespace pusher;
using namespace pusher::http;
using namespace std::chrono_literals;
using verdict = key_ring::verdict;

namespace {

struct fixture {
  key_ring::bounds bounds = [] {
    key_ring::bounds made;
    made.requests_per_second = 10;
    made.wrong_keys_per_second = 3;
    return made;
  }();
  key_ring ring{bounds};
  key_ring::clock::time_point now{1h};

  known_key value(uint64_t id, std::optional<uint32_t> limit = std::nullopt) {
    known_key made;
    made.who = {application_id{7}, 4};
    made.key = {id};
    made.requests_per_second = limit;
    return made;
  }
  void remember(const std::string& key, uint64_t id, std::optional<uint32_t> limit = std::nullopt) {
    ring.remember(key, value(id, limit), ring.generation(), now);
  }
  verdict ask(const std::string& key, const std::string& address = "10.0.0.1") {
    return ring.admit(key, address, true, now).is;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "a key is trusted only as long as the stores were asked lately and said nothing new") {
  remember("a", 1);
  CHECK_FALSE(ring.find("a", now));
  ring.unchanged(now);
  REQUIRE(ring.find("a", now));
  CHECK(ring.find("a", now)->application == application_id{7});
  CHECK(ring.find("a", now + 249ms));
  CHECK_FALSE(ring.find("a", now + 250ms));
  ring.unchanged(now + 200ms);
  CHECK(ring.find("a", now + 300ms));
  ring.distrust();
  CHECK_FALSE(ring.find("a", now));
  ring.forget("a");
  CHECK(ring.size() == 0);
}

TEST_CASE_FIXTURE(fixture, "what was read before a change is not trusted after it") {
  auto before = ring.generation();
  ring.unchanged(now);
  ring.distrust();  // a revocation, while the key was being read
  ring.remember("a", value(1), before, now);
  CHECK_FALSE(ring.find("a", now));
  ring.remember("a", value(1), ring.generation(), now);
  CHECK(ring.find("a", now));
}

TEST_CASE_FIXTURE(fixture, "a key that expires is trusted no longer than it lives") {
  auto dying = value(1);
  dying.lives_for = 100ms;
  ring.remember("a", dying, ring.generation(), now);
  ring.unchanged(now);
  CHECK(ring.find("a", now + 99ms));
  CHECK_FALSE(ring.find("a", now + 100ms));
}

TEST_CASE_FIXTURE(fixture, "a key may ask as often as its limit says, evenly over time") {
  remember("a", 1);
  remember("b", 2, 2);
  remember("c", 3, 0);
  for (int i = 0; i < 10; ++i)
    CHECK(ask("a") == verdict::known);
  auto refused = ring.admit("a", "10.0.0.1", true, now);
  CHECK(refused.is == verdict::limited);
  CHECK(refused.key == 1);
  CHECK(refused.retry_after_seconds == 1);
  CHECK(refused.rate->limit == 10);
  CHECK(refused.rate->remaining == 0);
  CHECK(ring.admit("a", "10.0.0.1", false, now).is == verdict::known);  // a later part of a long request
  CHECK(ask("b") == verdict::known);
  CHECK(ask("b") == verdict::known);
  CHECK(ask("b") == verdict::limited);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(ask("c") == verdict::known);
  CHECK_FALSE(ring.admit("c", "10.0.0.1", true, now).rate.has_value());
  now += 100ms;
  CHECK(ask("a") == verdict::known);
  CHECK(ask("a") == verdict::limited);
  now += 10s;
  CHECK(ring.admit("a", "10.0.0.1", true, now).rate->remaining == 9);
}

TEST_CASE_FIXTURE(fixture, "a changed limit counts from the next request on") {
  remember("a", 1, 5);
  CHECK(ring.admit("a", "10.0.0.1", true, now).rate->remaining == 4);
  remember("a", 1, 2);
  CHECK(ring.admit("a", "10.0.0.1", true, now).rate->limit == 2);
}

TEST_CASE_FIXTURE(fixture, "too many wrong keys from an address are not looked up any more, good ones are") {
  remember("good", 1);
  ring.unchanged(now);
  auto fresh = sha256("fresh");
  uint64_t start = 0;
  std::memcpy(&start, fresh.data(), sizeof start);
  for (int i = 0; i < 3; ++i)
    CHECK(ask("wrong" + std::to_string(i)) == verdict::unknown);
  for (int i = 0; i < 10'000; ++i)
    REQUIRE(ask("wrong" + std::to_string(i)) == verdict::throttled);
  CHECK(ring.admit("wrong", "10.0.0.1", true, now).retry_after_seconds == 1);
  CHECK(ask("good") == verdict::known);
  CHECK(ask("fresh") == verdict::throttled);
  ring.know_live({start});
  CHECK(ask("fresh") == verdict::unknown);
  CHECK(ring.size() == 1);
  // Whoever was made since the stores were last asked is not known by the list.
  now += 31ms;
  CHECK(ask("wrong") == verdict::unknown);
  now += 334ms;
  ring.unchanged(now);
  CHECK(ask("wrong") == verdict::unknown);
  CHECK(ask("wrong") == verdict::throttled);
}

TEST_CASE("an IPv6 client is its network, an IPv4 one its address") {
  CHECK(network_of("10.0.0.1") == "10.0.0.1");
  CHECK(network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::2"));
  CHECK(network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1"));
  CHECK(network_of("::ffff:10.0.0.1") != network_of("::ffff:10.0.0.2"));
}

TEST_CASE_FIXTURE(fixture, "however many keys there are, only so many are remembered") {
  bounds.most_keys = 100;
  key_ring small(bounds);
  for (uint64_t i = 0; i < 1000; ++i) {
    now += 1ms;
    small.remember("key" + std::to_string(i), value(i), small.generation(), now);
    CHECK(small.size() <= 100);
  }
  small.unchanged(now);
  CHECK(small.find("key999", now));
  CHECK_FALSE(small.find("key0", now));
}

TEST_CASE_FIXTURE(fixture, "the use of a key is told of once a minute") {
  remember("a", 1);
  CHECK(ring.take_used(60s, now) == std::vector<api_key_id>{{1}});
  CHECK(ask("a") == verdict::known);
  CHECK(ring.take_used(60s, now + 59s).empty());
  CHECK(ring.take_used(60s, now + 60s) == std::vector<api_key_id>{{1}});
  CHECK(ring.take_used(60s, now + 200s).empty());
  CHECK(ring.take_asked());
  CHECK_FALSE(ring.take_asked());
}

TEST_CASE("the headers of a limit are structured fields, and the older ones beside them") {
  response answer;
  add_rate_headers(answer, {100, 42, 1}, 1'700'000'000'123);
  std::vector<std::pair<std::string, std::string>> wanted{{"RateLimit-Policy", R"("key";q=100;w=1)"},
                                                          {"RateLimit", R"("key";r=42;t=1)"},
                                                          {"X-RateLimit-Limit", "100"},
                                                          {"X-RateLimit-Remaining", "42"},
                                                          {"X-RateLimit-Reset", "1700000001"}};
  CHECK(answer.headers == wanted);
  response other;
  answer.headers.emplace_back("Vary", "Accept");
  copy_rate_headers(other, answer);
  CHECK(other.headers == wanted);
}
