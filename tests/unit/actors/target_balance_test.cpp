#include "actors/target_balance.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

notification_row row_of(uint64_t audience, uint64_t accepted, bool done = true) {
  notification_row made;
  made.audience = audience;
  made.counts[outcome::accepted] = accepted;
  made.fan_out_done = done;
  return made;
}

targets_survey journal_of(int64_t pending, uint64_t waiting, uint64_t dead = 0) {
  targets_survey made;
  made.pending = pending;
  made.waiting = waiting;
  made.dead = dead;
  return made;
}

}  // namespace

TEST_CASE("what has a row and what is pending is the audience, and the pending is somewhere") {
  CHECK(difference(row_of(10, 4), journal_of(6, 6)).empty());
  CHECK(difference(row_of(10, 4), journal_of(6, 5, 1)).empty());
  CHECK(difference(row_of(10, 10), journal_of(0, 0)).empty());
  CHECK(difference(row_of(10, 4), journal_of(5, 5)) ==
        "of its audience of 10 there are 4 settled and, as Redis counts, 5 pending");
  CHECK(difference(row_of(10, 4), journal_of(7, 7)).find("7 pending") != std::string::npos);
  CHECK(difference(row_of(10, 4), journal_of(6, 5)) ==
        "Redis counts 6 pending targets, and the journal holds 5");
}

TEST_CASE(
    "an audience that is not final says nothing, and neither does a journal that was not read to its end") {
  CHECK(difference(row_of(0, 4, false), journal_of(6, 6)).empty());
  auto long_journal = journal_of(6, 5);
  long_journal.complete = false;
  CHECK(difference(row_of(10, 4), long_journal).empty());
}

TEST_CASE("what has ended has as many rows as it says") {
  outcome_counts rows;
  rows[outcome::accepted] = 4;
  CHECK(difference(row_of(4, 4), rows).empty());
  CHECK(difference(row_of(5, 4), rows) == "it has ended with an audience of 5 and 4 outcomes");
  rows[outcome::accepted] = 3;
  CHECK(difference(row_of(4, 4), rows) == "its row counts 4 accepted, and there are 3 such deliveries");
}
