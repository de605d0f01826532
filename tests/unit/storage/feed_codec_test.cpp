#include "storage/feed_codec.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

std::vector<feed_group> sample() {
  return {{event_type::accepted, {12}, {{{1000}, {}}, {{1001}, {}}, {{900}, {}}, {{UINT64_MAX}, {}}}},
          {event_type::token_moved_in, {}, {{{5}, {6}}, {{7}, {0}}}},
          {event_type::notification_settled, {12}, {{{0}, {}}}}};
}

}  // namespace

TEST_CASE("a row of the feed is read as it was written") {
  auto read = decode_feed(encode(sample()));
  REQUIRE(read.ok());
  auto expected = sample();
  REQUIRE(read->size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK((*read)[i].type == expected[i].type);
    CHECK((*read)[i].notification == expected[i].notification);
    REQUIRE((*read)[i].subjects.size() == expected[i].subjects.size());
    for (size_t k = 0; k < expected[i].subjects.size(); ++k) {
      CHECK((*read)[i].subjects[k].device == expected[i].subjects[k].device);
      CHECK((*read)[i].subjects[k].other == expected[i].subjects[k].other);
    }
  }
}

TEST_CASE("a row that was cut, stretched or bent is corrupt and no more") {
  auto whole = encode(sample());
  for (size_t length = 0; length < whole.size(); ++length)
    CHECK(!decode_feed(whole.substr(0, length)).ok());
  CHECK(!decode_feed(whole + "x").ok());
  for (size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      auto bent = whole;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      auto read = decode_feed(bent);
      if (!read) CHECK(read.failure().code == errc::corrupt_data);
    }
}

TEST_CASE("a thousand neighbours take little more than a byte each") {
  feed_group group{event_type::accepted, {1'000'000}, {}};
  for (uint64_t i = 0; i < 1000; ++i)
    group.subjects.push_back({{5'000'000 + i}, {}});
  CHECK(encode({group}).size() < 1100);
}

TEST_CASE("types of events keep the numbers and names of what they tell of") {
  for (auto each : all_outcomes) {
    CHECK(to_string(event_of(each)) == to_string(each));
    CHECK(outcome_of(event_of(each)) == each);
  }
  for (auto each : all_device_event_types)
    if (each != device_event_type::registered) {
      CHECK(to_string(event_of(each)) == to_string(each));
      CHECK(!outcome_of(event_of(each)));
    }
  for (auto each : all_event_types) {
    CHECK(parse_event_type(to_string(each)) == each);
    CHECK(event_type_from_number(static_cast<uint8_t>(each)) == each);
  }
}
