#include "model/delivery_trace.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

struct fixture {
  delivery_trace known;

  fixture() {
    known.device.key = {10};
    known.device.value.device_id = "d";
    known.device.value.user_id = "u";
    known.device.value.properties = R"({"plan":"free","level":7,"tags":["a"]})";
    known.last_device = {100};
    known.target.state = notification_state::completed;
    known.target.launched_at = 1'000'000;
    known.target.fan_out_done = true;
    known.target.draft.audience = audience_all{};
  }
  std::string reason() const { return judge(known, "").reason; }
  std::string status() const { return std::string(to_string(judge(known, "").status)); }
  void under_way() {
    known.target.state = notification_state::sending;
    known.target.audience = 5;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "an outcome is explained by its code and what the gateway's table says of it") {
  for (auto each : all_outcomes) {
    known.settled = delivery{"d", each, 1, gateway::fcm, "", "", 1};
    auto verdict = judge(known, "");
    CHECK(verdict.status == delivery_verdict::kind::settled);
    CHECK(verdict.reason == to_string(each));
    CHECK(verdict.explanation.size() > 20);
  }
  known.settled = delivery{"d", outcome::rejected, 1, gateway::fcm, "", "SENDER_ID_MISMATCH", 1};
  auto verdict = judge(known, "the token belongs to another sender");
  CHECK(verdict.explanation ==
        "The gateway refused the push for good (SENDER_ID_MISMATCH): the token belongs to another sender.");
  known.settled = delivery{"d", outcome::skipped, 0, {}, "", "no_credential", 1};
  CHECK(judge(known, "").explanation.find("no credential for the device's gateway") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "without a launch there is no audience yet") {
  known.target.launched_at = 0;
  known.target.fan_out_done = false;
  known.target.state = notification_state::draft;
  CHECK(status() + " " + reason() == "not_launched draft");
  known.target.state = notification_state::scheduled;
  known.target.draft.scheduled_at = 2'000'000;
  CHECK(judge(known, "").explanation == "The notification is scheduled for 1970-01-01T00:33:20.000Z.");
  known.target.state = notification_state::canceled;
  CHECK(status() + " " + reason() == "not_targeted canceled");
  known.target.state = notification_state::expired;
  CHECK(status() + " " + reason() == "not_targeted expired");
}

TEST_CASE_FIXTURE(fixture, "who is not in the audience learns why") {
  CHECK(status() + " " + reason() == "not_targeted not_matched_then");
  known.device.disabled = disabled_reason::unregistered;
  known.device.disabled_at = 500'000;
  CHECK(reason() == "disabled");
  known.last_device = {9};
  CHECK(reason() == "registered_later");
  known.last_device = {100};
  known.target.draft.audience = audience_device_ids{{"e", "f"}};
  CHECK(reason() == "not_listed");
  known.target.draft.audience = audience_user_ids{{"v"}};
  CHECK(reason() == "not_listed");
  known.target.draft.audience = audience_targets{{{"e", "{}"}}};
  CHECK(reason() == "not_listed");
  known.device.disabled = disabled_reason::none;
  known.target.draft.audience = audience_user_ids{{"u"}};
  CHECK(reason() == "not_matched_then");
  known.target.state = notification_state::canceled;
  CHECK(reason() == "canceled");
}

TEST_CASE_FIXTURE(fixture, "of a condition the part that is not met is named") {
  auto unmet = [&](const char* json) {
    known.target.draft.audience = audience_condition{json};
    auto verdict = judge(known, "");
    if (!verdict.unmet) return verdict.reason;
    CHECK(verdict.reason == "condition_not_met");
    return verdict.unmet->pointer + " " + verdict.unmet->json + (verdict.unmet->negated ? " negated" : "");
  };
  CHECK(unmet(R"({"property":"plan","eq":"pro"})") == R"( {"property":"plan","eq":"pro"})");
  CHECK(unmet(R"({"all":[{"property":"level","gte":5},{"property":"plan","eq":"pro"}]})") ==
        R"(/all/1 {"property":"plan","eq":"pro"})");
  CHECK(unmet(R"({"all":[{"property":"level","gte":5},{"not":{"property":"plan","eq":"free"}}]})") ==
        R"(/all/1/not {"property":"plan","eq":"free"} negated)");
  CHECK(unmet(R"({"any":[{"property":"level","lt":5},{"property":"plan","eq":"pro"}]})").rfind("/any", 0) !=
        0);
  CHECK(unmet(R"({"any":[{"property":"level","lt":5},{"property":"plan","eq":"pro"}]})").find("\"any\"") !=
        std::string::npos);
  CHECK(unmet(R"({"any":[{"all":[{"property":"missing","exists":true}]}]})").find("missing") !=
        std::string::npos);
  CHECK(unmet(R"({"property":"plan","eq":"free"})") == "not_matched_then");
  // What the audience's segments stood for at launch is what counts.
  known.target.condition_at_launch = R"({"property":"plan","eq":"gold"})";
  CHECK(unmet(R"({"segment":"golden"})") == R"( {"property":"plan","eq":"gold"})");
}

TEST_CASE_FIXTURE(fixture, "what is still to come says where it waits") {
  under_way();
  known.target.fan_out_done = false;
  CHECK(status() + " " + reason() == "pending not_reached");
  known.target.draft.local_time.emplace();
  CHECK(reason() == "waits_for_local_time");
  known.target.draft.local_time.reset();
  known.passed_by_fan_out = true;
  CHECK(reason() == "under_way");
  known.waits = delivery_trace::retry{2, 5'000};
  CHECK(reason() == "waits_for_retry");
  CHECK(judge(known, "").explanation.find("1970-01-01T00:00:05.000Z") != std::string::npos);
  known.target.state = notification_state::paused;
  CHECK(reason() == "paused");
  known.target.state = notification_state::sending;
  // A device that was disabled since may have a push under way; one that was before has none.
  known.device.disabled = disabled_reason::token_moved;
  known.device.disabled_at = 1'000'001;
  CHECK(status() == "pending");
  known.device.disabled_at = 999'999;
  CHECK(reason() == "disabled");
}
