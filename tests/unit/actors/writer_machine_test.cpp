#include "actors/writer_machine.hpp"

#include <doctest/doctest.h>

#include "storage/journal_codec.hpp"

using namespace pusher;

namespace {

claim claim_of(uint64_t notification, size_t results, const std::string& entry) {
  result_batch batch;
  batch.notification = {notification};
  for (size_t i = 0; i < results; ++i) {
    push_result each;
    each.device = {i + 1};
    each.outcome = outcome::accepted;
    batch.results.push_back(each);
  }
  claim made;
  made.entry = entry;
  made.payload = encode(batch);
  return made;
}

}  // namespace

TEST_CASE("rows are recorded before their entries are settled, and completed notifications forgotten last") {
  writer_machine m({});
  REQUIRE(std::get<writer_machine::claim_work>(m.next(1)).entries > 0);
  m.claimed({claim_of(7, 3, "1-0"), claim_of(8, 2, "2-0")}, false);
  auto record = std::get<writer_machine::record>(m.next(1));
  CHECK(record.batches->size() == 2);
  CHECK(m.entries() == std::vector<std::string>{"1-0", "2-0"});
  m.recorded(5, 1, {{7}}, {});
  auto settle = std::get<writer_machine::settle>(m.next(1));
  REQUIRE(settle.entries->size() == 2);
  CHECK(settle.entries->at(0).targets == 3);
  m.settled();
  CHECK(*std::get<writer_machine::forget>(m.next(1)).keys == std::vector<notification_key>{{7}});
  m.forgotten();
  CHECK(std::holds_alternative<writer_machine::idle>(m.next(1)));
  CHECK(m.counters().rows == 5);
  CHECK(m.counters().repeated == 0);
}

TEST_CASE("small entries are claimed many at a time, large ones a few") {
  writer_machine m({});
  utc_ms now = 1;
  auto claimed_next = [&] {
    m.woken();
    now += writer_bounds().gather_ms;
    return std::get<writer_machine::claim_work>(m.next(now)).entries;
  };
  auto pass = [&](std::vector<claim> claims) {
    auto entries = claims.size();
    m.claimed(std::move(claims), true);
    REQUIRE(std::get<writer_machine::record>(m.next(now)).batches->size() == entries);
    m.recorded(0, 0, {}, {});
    REQUIRE(std::holds_alternative<writer_machine::settle>(m.next(now)));
    m.settled();
  };
  auto at_first = claimed_next();
  pass({claim_of(7, 1, "1-0"), claim_of(8, 1, "2-0"), claim_of(9, 2, "3-0")});
  CHECK(claimed_next() == writer_bounds().most_entries_per_claim);
  pass({claim_of(7, 100, "4-0")});
  CHECK(claimed_next() == 40);
  pass({claim_of(7, 500, "5-0")});
  CHECK(claimed_next() == at_first);
}

TEST_CASE(
    "what comes soon behind a claim is claimed together; after a rest, and while all is full, nothing "
    "waits") {
  writer_bounds bounds;
  bounds.entries_per_claim = bounds.most_entries_per_claim = 2;
  bounds.gather_ms = 20;
  writer_machine m(bounds);
  auto claims_at = [&](utc_ms now) {
    return std::holds_alternative<writer_machine::claim_work>(m.next(now));
  };
  auto claimed = [&](std::vector<claim> claims, utc_ms now) {
    bool some = !claims.empty();
    m.claimed(std::move(claims), some);
    if (!some) return;
    REQUIRE(std::holds_alternative<writer_machine::record>(m.next(now)));
    m.recorded(0, 0, {}, {});
    REQUIRE(std::holds_alternative<writer_machine::settle>(m.next(now)));
    m.settled();
  };
  REQUIRE(claims_at(1000));
  claimed({claim_of(7, 1, "1-0")}, 1001);
  m.woken();
  CHECK(std::get<writer_machine::idle>(m.next(1001)).until == 1020);
  REQUIRE(claims_at(1020));
  claimed({claim_of(7, 1, "2-0"), claim_of(7, 1, "3-0")}, 1021);
  REQUIRE(claims_at(1021));  // as many as were asked for: there may be more
  claimed({}, 1022);
  CHECK(std::get<writer_machine::idle>(m.next(1022)).until == 0);
  m.woken();
  CHECK(claims_at(1023));
}

TEST_CASE("a failed transaction is asked for again, unchanged, after a pause") {
  writer_machine m({});
  m.claimed({claim_of(7, 3, "1-0")}, false);
  REQUIRE(std::holds_alternative<writer_machine::record>(m.next(1000)));
  m.store_failed(1000);
  CHECK(std::get<writer_machine::idle>(m.next(1000)).until == 1500);
  CHECK(std::get<writer_machine::record>(m.next(1500)).batches->at(0).results.size() == 3);
  m.recorded(3, 0, {}, {});
  REQUIRE(std::holds_alternative<writer_machine::settle>(m.next(1500)));
  m.store_failed(1500);
  CHECK(std::get<writer_machine::settle>(m.next(2000)).entries->size() == 1);
}

TEST_CASE("a transaction is bounded, and the rest follows in the next") {
  writer_bounds bounds;
  bounds.targets_per_transaction = 5;
  writer_machine m(bounds);
  m.claimed({claim_of(7, 4, "1-0"), claim_of(7, 4, "2-0"), claim_of(7, 4, "3-0")}, false);
  CHECK(std::get<writer_machine::record>(m.next(1)).batches->size() == 2);
  m.recorded(8, 0, {}, {});
  m.next(1);
  m.settled();
  CHECK(std::get<writer_machine::record>(m.next(1)).batches->size() == 1);
}

TEST_CASE("what cannot be read or has no notification is buried, the rest goes on") {
  writer_machine m({});
  auto broken = claim_of(7, 1, "1-0");
  broken.payload = "nonsense";
  m.claimed({broken, claim_of(8, 1, "2-0"), claim_of(9, 1, "3-0")}, false);
  CHECK(std::get<writer_machine::bury>(m.next(1)).what.entry == "1-0");
  REQUIRE(std::holds_alternative<writer_machine::record>(m.next(1)));
  m.recorded(1, 0, {}, {{8}});
  CHECK(std::get<writer_machine::bury>(m.next(1)).what.entry == "2-0");
  auto settle = std::get<writer_machine::settle>(m.next(1));
  REQUIRE(settle.entries->size() == 1);
  CHECK(settle.entries->at(0).entry == "3-0");
}

TEST_CASE("draining does not wait for a store that is away") {
  writer_machine m({});
  m.claimed({claim_of(7, 1, "1-0")}, false);
  m.drain();
  REQUIRE(std::holds_alternative<writer_machine::record>(m.next(1)));
  m.store_failed(1);
  CHECK(m.drained());
}

TEST_CASE("draining claims nothing more and finishes what is claimed") {
  writer_machine m({});
  m.claimed({claim_of(7, 1, "1-0")}, true);
  m.drain();
  CHECK_FALSE(m.drained());
  REQUIRE(std::holds_alternative<writer_machine::record>(m.next(1)));
  m.recorded(1, 0, {}, {});
  REQUIRE(std::holds_alternative<writer_machine::settle>(m.next(1)));
  m.settled();
  CHECK(std::holds_alternative<writer_machine::idle>(m.next(1)));
  CHECK(m.drained());
}
