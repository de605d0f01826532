// The models on which the simulations of fan-out rest answer as the real stores do.
#include "tests/unit/actors/store_models.hpp"

#include <doctest/doctest.h>

#include <random>
#include <sstream>

#include "sample.hpp"
#include "storage/fencing.hpp"
#include "storage/journal_keys.hpp"
#include "storage/lease_store.hpp"
#include "storage/transaction.hpp"

using namespace pusher;

namespace {

constexpr int sequences = 150, commands = 30;

std::string shown(commit_status status, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
  std::ostringstream text;
  text << (status == commit_status::done ? "done" : status == commit_status::fenced ? "fenced" : "held");
  if (status == commit_status::done) text << ' ' << a << ' ' << b << ' ' << c;
  return text.str();
}
std::string shown(const result<commit_status>& answer) {
  return answer ? shown(*answer) : std::string(to_string(answer.failure().code));
}
std::string shown(const result<journal::raised>& answer) {
  return answer ? shown(answer->status) : std::string(to_string(answer.failure().code));
}
std::string shown(const result<journal::cursor>& answer) {
  if (!answer) return std::string(to_string(answer.failure().code));
  return shown(answer->status, answer->position, answer->audience, answer->start.value);
}
std::string shown(const result<page_committed>& answer) {
  if (!answer) return std::string(to_string(answer.failure().code));
  auto text = shown(answer->status, answer->audience);
  for (const auto& [name, count] : answer->outstanding)
    text += ' ' + name + '=' + std::to_string(count);
  return text;
}

/// One journal, real and modelled, and the commands that both get.
struct both_journals {
  explicit both_journals(uint32_t seed) : random(seed) {
    REQUIRE(raw.command({"FLUSHALL"}));
    REQUIRE(real.create());
    REQUIRE(real.raise_epoch(0));  // nobody asks before that
    model.appended = [this](const page_commit& page) {
      for (const auto& [queue, batch] : page.batches)
        ++entries[journal_keys("pusher").push(queue.name())];
      results += page.skipped.size();
    };
  }

  uint64_t below(uint64_t n) { return random() % n; }
  uint64_t epoch() {
    // Mostly the one that leads, so that something happens.
    return below(3) > 0 ? model.epoch() : below(6);
  }
  notification_key some() { return {1 + below(3)}; }

  page_commit page() {
    page_commit made;
    made.notification = some();
    made.epoch = epoch();
    auto* state = model.state(made.notification);
    made.expected_cursor = state && below(3) > 0 ? state->cursor : below(6) * 10;
    made.new_cursor = made.expected_cursor + 10 * (1 + below(2));
    for (auto left = below(4); left > 0; --left) {
      push_batch batch{made.notification, now_ms() + 1'000'000, 0, {}};
      for (uint64_t i = 0; i <= below(3); ++i)
        batch.targets.push_back({{i + 1}, "token", 0});
      batch.rate_per_second = below(3) == 0 ? 5 : 0;
      made.batches.emplace_back(push_queue{{1 + below(2)},
                                           gateway::fcm,
                                           environment::production,
                                           below(2) ? lane::campaign : lane::transactional},
                                std::move(batch));
    }
    for (auto left = below(2); left > 0; --left) {
      result_batch skipped{made.notification, {}};
      skipped.results.resize(1 + below(3));
      for (auto& each : skipped.results)
        each.outcome = outcome::skipped;
      made.skipped.push_back(std::move(skipped));
    }
    return made;
  }

  void step() {
    switch (below(8)) {
      case 0: {
        auto to = below(6);
        CHECK(shown(real.raise_epoch(to)) == shown(model.raise_epoch(to)));
        break;
      }
      case 1:
      case 2: {
        message content;
        content.key = some();
        auto in = epoch();
        device_key from{below(3) * 10};
        auto settled = below(3);
        CHECK(shown(real.begin_fan_out(in, {{&content, from, settled}}).at(0)) ==
              shown(model.begin_fan_out(in, content.key, from, settled)));
        break;
      }
      case 3: {
        auto key = some();
        auto what = below(4);
        auto value = what == 0 ? std::nullopt : std::optional(static_cast<control>(what));
        REQUIRE(real.set_control(key, value));
        model.set_control(key, value);
        break;
      }
      default: {
        auto one = page();
        for (auto times = 1 + below(2); times > 0; --times)
          CHECK(shown(real.commit_pages({one}).at(0)) == shown(model.commit_page(one)));
      }
    }
  }

  void check_streams() {
    auto length = [this](const std::string& stream) {
      return static_cast<uint64_t>(raw.command({"XLEN", stream})->integer);
    };
    for (const auto& [stream, count] : entries)
      CHECK(length(stream) == count);
    CHECK(*real.results_depth() == results);
    for (const auto& [name, count] : model.outstanding)
      CHECK(real.outstanding({name})->at(0) == count);
  }

  std::minstd_rand random;
  redis raw{testing::shared_stores().redis};
  journal real{testing::shared_stores().redis, "run-a", "n1/b1/fan-out/0"};
  testing::journal_model model;
  std::map<std::string, uint64_t> entries;
  uint64_t results = 0;
};

/// The lease, real and modelled. Time passes by moving the end that the row has: only whether it has passed
/// matters, and what a test takes is short beside it.
struct both_leases {
  explicit both_leases(uint32_t seed) : random(seed) {
    testing::change(db, "UPDATE lease SET holder = '', ends_at = 0");
    base = testing::number_of(db, "SELECT epoch FROM lease WHERE id = 1");
  }

  std::string holder() { return std::string(1, static_cast<char>('a' + random() % 3)); }
  uint64_t epoch() { return model.epoch() > 0 && random() % 3 == 0 ? model.epoch() - 1 : model.epoch(); }

  void step() {
    auto who = holder();
    utc_ms length = 60'000 * (1 + static_cast<utc_ms>(random() % 3));
    switch (random() % 5) {
      case 0:
      case 1: {
        auto predecessor = random() % 3 == 0 ? holder() : std::string();
        auto real = leases.acquire(who, static_cast<uint32_t>(length), predecessor);
        auto modelled = model.acquire(who, length, predecessor, now);
        REQUIRE(real);
        REQUIRE(real->has_value() == modelled.has_value());
        if (modelled) CHECK(**real - base == *modelled);
        break;
      }
      case 2: {
        auto in = epoch();
        auto real = leases.renew(who, base + in, static_cast<uint32_t>(length));
        CHECK(real.ok() == model.renew(who, in, length, now));
        if (!real) CHECK(real.failure().code == errc::fenced);
        break;
      }
      case 3: {
        auto in = epoch();
        REQUIRE(leases.release(who, base + in));
        model.release(who, in);
        break;
      }
      default: {
        auto passed = 30'000 * static_cast<utc_ms>(1 + 2 * (random() % 4));
        now += passed;
        testing::change(db, "UPDATE lease SET ends_at = ends_at - ? WHERE ends_at > ?", {passed, passed});
      }
    }
    auto in = epoch();
    auto checked =
        transact(db, [&](database::connection& on) -> result<void> { return check_epoch(on, base + in); });
    CHECK(checked.ok() == model.check_epoch(in));
  }

  std::minstd_rand random;
  database db{testing::shared_stores().mysql};
  lease_store leases{db};
  testing::lease_model model;
  uint64_t base = 0;
  utc_ms now = 1'000'000;
};

}  // namespace

TEST_CASE("the journal's model answers every command as the scripts do, and appends as much") {
  for (uint32_t seed = 1; seed <= sequences; ++seed) {
    CAPTURE(seed);
    both_journals both(seed);
    for (int i = 0; i < commands; ++i)
      both.step();
    both.check_streams();
  }
}

TEST_CASE("the lease's model answers every question as the row does") {
  for (uint32_t seed = 1; seed <= sequences; ++seed) {
    CAPTURE(seed);
    both_leases both(seed);
    for (int i = 0; i < commands; ++i)
      both.step();
  }
}
