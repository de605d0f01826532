// What metrics call an answer: a closed list, of every gateway's table.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "transports/apns/answers.hpp"
#include "transports/fcm/answers.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/hms/answers.hpp"
#include "transports/push_tally.hpp"
#include "transports/webpush/answers.hpp"

using namespace pusher;

TEST_CASE("every row of every table has its place in a tally, and a reason of the closed list") {
  const std::set<std::string_view> outcomes{"accepted", "unregistered", "other_environment",
                                            "rejected", "retry",        "unknown"};
  for (const auto* table :
       {&fcm_answers, &fcm_legacy_answers, &apns_answers, &hms_answers, &web_push_answers}) {
    size_t rows = 0;
    for (const auto& rule : *table) {
      CHECK(table->place_of(rule) == rows++);
      CHECK(outcomes.count(attempt_outcome(rule)) == 1);
      auto reason = attempt_reason(rule);
      bool bare = reason == "none" || reason.rfind("http_", 0) == 0;
      CHECK((bare || reason == rule.code));
      CHECK(reason.size() <= 48);
    }
    CHECK(rows <= push_tally::most_rules);
  }
}

TEST_CASE("tallies add up") {
  push_tally a, b;
  b.table = &fcm_answers;
  b.by_rule[0] = 3;
  b.unanswered = 1;
  b.latency.add(std::chrono::milliseconds(1));
  b.latency.add(std::chrono::hours(1));
  a += b;
  a += b;
  CHECK(a.table == &fcm_answers);
  CHECK(a.by_rule[0] == 6);
  CHECK(a.unanswered == 2);
  CHECK(a.latency.total() == 4);
  CHECK(a.latency.counts.front() == 2);
  CHECK(a.latency.counts.back() == 2);
  CHECK(a.latency.sum_us == 2 * (1'000 + 3'600'000'000ULL));
}
