#include "model/local_time.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pusher;

namespace {

std::string moment(const char* zone, const char* wall) {
  auto time = parse_wall_time(wall);
  REQUIRE(time);
  auto at = moment_in(zone, *time);
  return at ? to_rfc3339(*at).substr(0, 19) : "none";
}

}  // namespace

TEST_CASE("a wall-clock time has no zone, and is within what zones are known for") {
  CHECK(to_text(*parse_wall_time("2030-12-24T18:00")) == "2030-12-24T18:00:00");
  CHECK(to_text(*parse_wall_time("2030-12-24T18:00:59")) == "2030-12-24T18:00:59");
  for (const char* bad : {"", "18:00", "2030-12-24", "2030-12-24T18:00Z", "2030-12-24T18:00:00Z",
                          "2030-12-24 18:00", "2030-12-24T18:00:00.5", "2030-02-30T18:00", "2030-12-24T24:00",
                          "1999-12-31T00:00", "2038-01-01T00:00", "2030-12-24T18:00+01"})
    CHECK_MESSAGE(!parse_wall_time(bad), bad);
}

TEST_CASE("zones have their own moments for it") {
  CHECK(moment("UTC", "2030-12-24T18:00") == "2030-12-24T18:00:00");
  CHECK(moment("Europe/Berlin", "2030-12-24T18:00") == "2030-12-24T17:00:00");
  CHECK(moment("Asia/Kolkata", "2030-12-24T18:00") == "2030-12-24T12:30:00");
  CHECK(moment("Pacific/Kiritimati", "2030-12-24T18:00") == "2030-12-24T04:00:00");
  CHECK(moment("Etc/GMT+12", "2030-12-24T18:00") == "2030-12-25T06:00:00");
  CHECK(moment("US/Eastern", "2030-12-24T18:00") == moment("America/New_York", "2030-12-24T18:00"));
  CHECK(moment("Europe/Atlantis", "2030-12-24T18:00") == "none");
  CHECK(!is_time_zone("europe/berlin"));
  CHECK(!is_time_zone("../etc/passwd"));
  CHECK(!is_time_zone(""));
}

TEST_CASE("on the day the clocks go forward, a skipped time is the moment of the skip") {
  CHECK(moment("Europe/Berlin", "2027-03-28T01:59:59") == "2027-03-28T00:59:59");
  CHECK(moment("Europe/Berlin", "2027-03-28T02:00") == "2027-03-28T01:00:00");
  CHECK(moment("Europe/Berlin", "2027-03-28T02:30") == "2027-03-28T01:00:00");
  CHECK(moment("Europe/Berlin", "2027-03-28T03:00") == "2027-03-28T01:00:00");
  CHECK(moment("Europe/Berlin", "2027-03-28T03:30") == "2027-03-28T01:30:00");
  CHECK(moment("America/New_York", "2027-03-14T02:30") == "2027-03-14T07:00:00");
  // Half an hour only.
  CHECK(moment("Australia/Lord_Howe", "2026-10-04T02:15") == "2026-10-03T15:30:00");
  CHECK(moment("Australia/Lord_Howe", "2026-10-04T02:30") == "2026-10-03T15:30:00");
  CHECK(moment("Australia/Lord_Howe", "2026-10-04T03:00") == "2026-10-03T16:00:00");
}

TEST_CASE("on the day the clocks go back, a repeated time is its first occurrence") {
  CHECK(moment("Europe/Berlin", "2026-10-25T02:30") == "2026-10-25T00:30:00");
  CHECK(moment("Europe/Berlin", "2026-10-25T03:00") == "2026-10-25T02:00:00");
  CHECK(moment("America/New_York", "2026-11-01T01:30") == "2026-11-01T05:30:00");
  CHECK(moment("Australia/Lord_Howe", "2027-04-04T01:45") == "2027-04-03T14:45:00");
  CHECK(moment("Australia/Lord_Howe", "2027-04-04T02:00") == "2027-04-03T15:30:00");
}

TEST_CASE("Morocco goes back for Ramadan and forward after it") {
  // 2027: from 7 February, 3:00 is 2:00; on 14 March, 2:00 is 3:00.
  CHECK(moment("Africa/Casablanca", "2027-02-06T18:00") == "2027-02-06T17:00:00");
  CHECK(moment("Africa/Casablanca", "2027-02-07T02:30") == "2027-02-07T01:30:00");
  CHECK(moment("Africa/Casablanca", "2027-02-08T18:00") == "2027-02-08T18:00:00");
  CHECK(moment("Africa/Casablanca", "2027-03-14T02:30") == "2027-03-14T02:00:00");
  CHECK(moment("Africa/Casablanca", "2027-03-15T18:00") == "2027-03-15T17:00:00");
}

TEST_CASE("the moments of all zones come in order, over 26 hours") {
  auto moments = moments_of(*parse_wall_time("2030-12-24T18:00"));
  CHECK(moments.size() > 30);
  CHECK(moments.size() < 60);
  CHECK(std::is_sorted(moments.begin(), moments.end()));
  CHECK(std::adjacent_find(moments.begin(), moments.end()) == moments.end());
  CHECK(to_rfc3339(moments.front()) == "2030-12-24T04:00:00.000Z");
  CHECK(to_rfc3339(moments.back()) == "2030-12-25T06:00:00.000Z");
}
