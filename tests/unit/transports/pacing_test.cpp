// The arithmetic of restraint, with time that the test makes.
#include <doctest/doctest.h>

#include "transports/answer_window.hpp"
#include "transports/back_off.hpp"
#include "transports/breaker.hpp"
#include "transports/pacer.hpp"

using namespace pusher;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using time_point = pacer::time_point;
const time_point begin{std::chrono::hours(10)};

/// Starts as much as may start in each millisecond of the span, and counts it.
int use_up(pacer& of, time_point from, milliseconds span, lane urgency) {
  int started = 0;
  for (milliseconds at(1); at <= span; ++at) {
    of.advance(from + at);
    for (; of.may_start(urgency); ++started)
      of.started(urgency);
  }
  return started;
}

}  // namespace

TEST_CASE("the rate of a minute is kept in every second of it") {
  pacer paced(60'000, pacer::seconds(0), begin);
  for (int second = 0; second < 5; ++second) {
    int started = use_up(paced, begin + seconds(second), seconds(1), lane::transactional);
    CHECK(started >= 995);
    CHECK(started <= 1'002);
  }
}

TEST_CASE("what was not used is not saved up") {
  pacer paced(60'000, pacer::seconds(0), begin);
  paced.advance(begin + seconds(30));
  int at_once = 0;
  for (; paced.may_start(lane::transactional); ++at_once)
    paced.started(lane::transactional);
  CHECK(at_once == 50);
}

TEST_CASE("a tenth of the rate is left for the transactional lane") {
  pacer paced(60'000, pacer::seconds(0), begin);
  int campaigns = 0, urgent = 0;
  for (milliseconds at(1); at <= seconds(2); ++at) {
    paced.advance(begin + at);
    for (; paced.may_start(lane::campaign); ++campaigns)
      paced.started(lane::campaign);
    for (; paced.may_start(lane::transactional); ++urgent)
      paced.started(lane::transactional);
  }
  CHECK(campaigns >= 1'750);
  CHECK(campaigns <= 1'850);
  CHECK(urgent >= 150);
  CHECK(campaigns + urgent <= 2'060);
}

TEST_CASE("from idleness the rate grows by a straight line over the ramp") {
  pacer paced(60'000, pacer::seconds(60), begin);
  int first = use_up(paced, begin, seconds(1), lane::campaign);
  CHECK(first >= 80);
  CHECK(first <= 120);
  use_up(paced, begin + seconds(1), seconds(29), lane::campaign);
  CHECK(paced.rate() > 500);
  CHECK(paced.rate() < 600);
  use_up(paced, begin + seconds(30), seconds(32), lane::campaign);
  CHECK(paced.rate() == doctest::Approx(1'000));
}

TEST_CASE("after a pause the ramp begins again") {
  pacer paced(60'000, pacer::seconds(10), begin);
  use_up(paced, begin, seconds(12), lane::campaign);
  CHECK(paced.rate() == doctest::Approx(1'000));
  paced.advance(begin + seconds(40));
  CHECK(paced.rate() == doctest::Approx(100));
}

TEST_CASE("without a limit everything may start at once, and a single push never waits") {
  pacer free_of_limit(0, pacer::seconds(60), begin);
  free_of_limit.advance(begin);
  for (int i = 0; i < 1'000'000; ++i)
    free_of_limit.started(lane::campaign);
  CHECK(free_of_limit.may_start(lane::campaign));
  pacer slow(1, pacer::seconds(60), begin);
  CHECK(slow.may_start(lane::campaign));
}

TEST_CASE("the pacer says when it is worth while to ask again") {
  pacer paced(6'000, pacer::seconds(0), begin);
  paced.advance(begin + seconds(1));
  while (paced.may_start(lane::campaign))
    paced.started(lane::campaign);
  auto next = paced.next_start(lane::campaign);
  CHECK(next > begin + seconds(1));
  CHECK(next <= begin + seconds(1) + milliseconds(30));
  paced.advance(next);
  CHECK(paced.may_start(lane::campaign));
}

TEST_CASE("some failures among successes do not open the breaker") {
  breaker guard(1);
  for (int i = 0; i < 1'000; ++i) {
    auto now = begin + milliseconds(10 * i);
    guard.on_failure(false, milliseconds(1'000), now);
    if (i % 15 == 0) guard.on_success(false);
    CHECK(guard.may_start(now));
  }
}

TEST_CASE("twenty failures at once are no outage yet; when they last they are") {
  breaker guard(1);
  for (int i = 0; i < 50; ++i)
    guard.on_failure(false, milliseconds(0), begin);
  CHECK_FALSE(guard.is_open());
  guard.on_failure(false, milliseconds(0), begin + milliseconds(300));
  CHECK(guard.is_open());
  CHECK_FALSE(guard.may_start(begin + milliseconds(300)));
}

TEST_CASE("an open breaker lets one probe out when the gateway's wait is over") {
  breaker guard(1);
  guard.on_refusal(false, seconds(30), begin);
  CHECK_FALSE(guard.may_start(begin + seconds(29)));
  auto later = begin + seconds(30);
  REQUIRE(guard.may_start(later));
  CHECK(guard.started());
  CHECK_FALSE(guard.may_start(later));
  guard.on_success(false);  // an answer to what was sent long before
  CHECK_FALSE(guard.may_start(later));
  guard.on_success(true);
  CHECK(guard.may_start(later));
  CHECK_FALSE(guard.started());
}

TEST_CASE("a probe that fails opens the breaker for longer, up to a minute") {
  breaker guard(1);
  guard.on_refusal(false, milliseconds(0), begin);
  auto now = begin;
  for (int i = 0; i < 30; ++i) {
    auto wait = guard.probe_due() - now;
    CHECK(wait >= seconds(1));
    CHECK(wait <= seconds(60));
    now = guard.probe_due();
    REQUIRE(guard.may_start(now));
    CHECK(guard.started());
    guard.on_failure(true, milliseconds(0), now);
    CHECK_FALSE(guard.may_start(now));
  }
}

TEST_CASE("a probe that never reached the gateway is replaced") {
  breaker guard(1);
  guard.on_refusal(false, seconds(1), begin);
  auto now = begin + seconds(1);
  CHECK(guard.started());
  guard.on_probe_lost(now);
  CHECK(guard.may_start(now + seconds(1)));
}

TEST_CASE("the window closes at the limit and counts only what could be pushed twice") {
  answer_window window(2);
  window.answered(verdict_kind::unsent);
  window.answered(verdict_kind::expired);
  CHECK(window.may_start(0, begin));
  window.answered(verdict_kind::accepted);
  window.answered(verdict_kind::unknown);
  CHECK_FALSE(window.may_start(0, begin));
  window.recorded(1);
  CHECK(window.may_start(0, begin));
  window.recorded(100);
  CHECK(window.unrecorded() == 0);
}

TEST_CASE(
    "the window counts requests that started just now and are still open, and not those that wait longer") {
  answer_window window(3);
  for (int i = 0; i < 3; ++i) {
    CHECK(window.may_start(static_cast<size_t>(i), begin));
    window.started(begin);
  }
  CHECK_FALSE(window.may_start(3, begin));
  CHECK(window.may_start(2, begin));
  CHECK_FALSE(window.may_start(3, begin + milliseconds(3)));
  CHECK(window.may_start(3, begin + milliseconds(4)));
  window.started(begin + milliseconds(4));
  CHECK(window.may_start(4, begin + milliseconds(4)));
  CHECK(window.may_start(4, begin + seconds(1000)));
}

TEST_CASE("a quota refusal among good answers holds up nothing; ten in a row open the breaker") {
  breaker guard(1);
  for (int i = 0; i < 100; ++i) {
    guard.on_quota(false, seconds(1), begin);
    guard.on_success(false);
  }
  CHECK_FALSE(guard.is_open());
  for (int i = 0; i < 10; ++i)
    guard.on_quota(false, seconds(5), begin);
  CHECK(guard.is_open());
  CHECK_FALSE(guard.may_start(begin + seconds(4)));
  CHECK(guard.may_start(begin + seconds(5)));
}

TEST_CASE("waits grow with jitter between their bounds and are short again after a success") {
  back_off waits(milliseconds(100), milliseconds(10'000), 7);
  milliseconds longest(0);
  CHECK(waits.next() <= milliseconds(300));
  for (int i = 0; i < 50; ++i) {
    auto wait = waits.next();
    CHECK(wait >= milliseconds(100));
    CHECK(wait <= milliseconds(10'000));
    longest = std::max(longest, wait);
  }
  CHECK(longest > milliseconds(5'000));
  waits.reset();
  CHECK(waits.next() <= milliseconds(300));
}
