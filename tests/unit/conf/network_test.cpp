#include "conf/network.hpp"

#include <doctest/doctest.h>

using namespace pusher;

TEST_CASE("a network holds the addresses that share its first bits") {
  CHECK(contains(*parse_network("10.1.0.0/16"), "10.1.255.3"));
  CHECK_FALSE(contains(*parse_network("10.1.0.0/16"), "10.2.0.1"));
  CHECK(contains(*parse_network("10.1.128.0/17"), "10.1.200.1"));
  CHECK_FALSE(contains(*parse_network("10.1.128.0/17"), "10.1.100.1"));
  CHECK(contains(*parse_network("0.0.0.0/0"), "8.8.8.8"));
  CHECK_FALSE(contains(*parse_network("0.0.0.0/0"), "2001:db8::1"));
  CHECK(contains(*parse_network("fd00::/8"), "fd12::1"));
  CHECK(contains(*parse_network("::1"), "[::1]"));
}

TEST_CASE("an address is the same however it is written, and what is none is in no network") {
  CHECK(contains(*parse_network("127.0.0.1"), "::ffff:127.0.0.1"));
  CHECK(contains(loopback_networks(), "127.0.0.1"));
  CHECK_FALSE(contains(loopback_networks(), "127.0.0.2"));
  CHECK_FALSE(contains(*parse_network("0.0.0.0/0"), "localhost"));
  CHECK_FALSE(contains(*parse_network("0.0.0.0/0"), ""));
}

TEST_CASE("a list of networks is strict") {
  for (const char* bad :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0", "::1/129", "1/8"})
    CHECK_FALSE(parse_network(bad).ok());
}
