// When deletions are held, and what becomes of them.
#include "storage/token_guard.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  guarded which{app, gateway::hms, environment::production};
  token_hold_store holds{db};

  guard_verdict judge(uint64_t answered, uint64_t dead, token_guard_bounds bounds = {}) {
    auto made = transact(
        db, [&](database::connection& on) { return count_and_judge(on, which, answered, dead, bounds); });
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().detail));
    return *made;
  }
  /// The window of now becomes the past.
  void pass_window() {
    change(db, "UPDATE token_guard SET window_started = window_started - 700000 WHERE application_id = ?",
           {app});
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "few deaths and usual shares pass; a great share of many is held until decided") {
  CHECK(judge(99, 99).hold == 0);
  CHECK(judge(10'000, 200).hold == 0);
  pass_window();
  // 2 % is usual now: ten per cent is the least that is held.
  CHECK(judge(2'000, 190).hold == 0);
  auto held = judge(1'000, 400);
  CHECK(held.hold != 0);
  CHECK(held.opened);
  auto again = judge(10, 1);
  CHECK(again.hold == held.hold);
  CHECK_FALSE(again.opened);
  auto listed = *holds.list(app);
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].dead == 590);
  CHECK(listed[0].answered == 3'000);
  CHECK(holds.undo(app, held.hold)->state == token_hold_state::undone);
  CHECK(holds.undo(app, held.hold).failure().code == errc::conflict);
  CHECK(judge(10, 1).hold == 0);
}

TEST_CASE_FIXTURE(fixture, "without a history a third of all may be dead; never is never") {
  CHECK(judge(1'000, 290).hold == 0);
  CHECK(judge(1'000, 1'000, {100, 100}).hold == 0);
  CHECK(judge(1'000, 1'000).hold != 0);
}

TEST_CASE_FIXTURE(fixture,
                  "other gateways and applications are of no concern; after a confirmation an hour passes") {
  auto held = judge(1'000, 1'000);
  REQUIRE(held.hold != 0);
  guarded other{app, gateway::fcm, environment::production};
  auto calm = transact(db, [&](database::connection& on) { return count_and_judge(on, other, 100, 1, {}); });
  CHECK(calm->hold == 0);
  CHECK(holds.confirm(new_application(db), held.hold).failure().code == errc::not_found);
  CHECK(holds.confirm(app, held.hold)->state == token_hold_state::confirmed);
  CHECK(judge(1'000, 1'000).hold == 0);
}
