#include "storage/journal_judgement.hpp"

#include <doctest/doctest.h>

#include "storage/journal_marks.hpp"

using namespace pusher;

namespace {

journal_identity known() {
  journal_identity made;
  made.installation = "inst";
  made.run_id = "inst.2";
  made.highest_result = mark_of("1000-5");
  made.pages = 10;
  return made;
}

journal_evidence found() {
  journal_evidence made;
  made.run = "inst.2";
  made.epoch = 1;
  made.last_result = mark_of("1000-5");
  made.pages = 10;
  return made;
}

}  // namespace

TEST_CASE("a journal that knows all that rows were made of is the one") {
  auto there = found();
  CHECK(judge(known(), there).state == journal_state::whole);
  there.last_result = mark_of("1001-0");
  there.pages = 11;
  CHECK(judge(known(), there).state == journal_state::whole);
  CHECK(judge(known(), there).why.empty());
}

TEST_CASE("one that knows less came back older") {
  auto there = found();
  there.last_result = mark_of("1000-4");
  CHECK(judge(known(), there).state == journal_state::older);
  there.last_result = mark_of("999-9");  // as numbers, not as texts
  CHECK(judge(known(), there).state == journal_state::older);
  there = found();
  there.pages = 9;
  CHECK(judge(known(), there).state == journal_state::older);
  CHECK(judge(known(), there).broken());
}

TEST_CASE("one of which a part is missing is lost") {
  for (int part = 0; part < 4; ++part) {
    auto there = found();
    if (part == 0) there.run.reset();
    if (part == 1) there.run = "inst.1";
    if (part == 2) there.epoch.reset();
    if (part == 3) there.last_result.reset();
    auto finding = judge(known(), there);
    CHECK(finding.state == journal_state::lost);
    CHECK(finding.broken());
    CHECK(finding.why.find("rebuilds it") != std::string::npos);
  }
}

TEST_CASE("one that is not made yet, half rebuilt or another installation's is told apart") {
  auto fresh = known();
  fresh.fresh = true;
  CHECK(judge(fresh, {}).state == journal_state::unmade);
  CHECK_FALSE(judge(fresh, {}).broken());
  auto half = known();
  half.rebuilding = true;
  CHECK(judge(half, found()).state == journal_state::rebuilding);
  CHECK(judge(half, {}).broken());
  auto there = found();
  there.run = "inst2.1";
  for (const auto& each : {known(), fresh, half}) {
    CHECK(judge(each, there).state == journal_state::foreign);
    CHECK_FALSE(judge(each, there).broken());
  }
}

TEST_CASE("marks are in the order of the entries, and the first run id is the installation's") {
  CHECK(mark_of("9-1") < mark_of("10-0"));
  CHECK(mark_of("10-9") < mark_of("10-10"));
  CHECK(mark_of("18446744073709551615-18446744073709551615").size() == 41);
  for (const char* wrong : {"", "1", "-", "a-1", "1-a"})
    CHECK(mark_of(wrong).empty());
  CHECK(mark_of("") < mark_of("0-0"));
  CHECK(installation_of("inst") == "inst");
  CHECK(installation_of("inst.more") == "inst");
}
