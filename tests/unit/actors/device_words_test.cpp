// What fan-out reads of each device for its words, and how senders hand that to transports.
#include <doctest/doctest.h>

#include "actors/fan_out_machine.hpp"
#include "actors/sender_machine.hpp"
#include "storage/journal_codec.hpp"

using namespace pusher;

namespace {

constexpr utc_ms now = 1'800'000'000'000;

fan_out_task some_task() {
  fan_out_task task;
  task.key = task.message.key = {1};
  task.application = {1};
  task.audience = audience_all{};
  task.last_device = {100};
  task.message.expires_at = now + 1'000'000;
  task.message.content.title = "{{properties.name}}";
  task.message.localizations = {{"ko", {}}};
  task.message.localizations[0].content.title = "{{properties.name}}님";
  task.message.variables = {{variable_source::property, "name"}};
  return task;
}

std::vector<device_row> some_devices(const std::string& properties) {
  std::vector<device_row> rows;
  for (uint64_t i = 1; i <= 4; ++i) {
    device_row row;
    row.key = {i};
    row.push_token = "token";
    row.locale = i % 2 ? "ko-KR" : "en";
    row.properties = properties;
    rows.push_back(row);
  }
  return rows;
}

/// The parts that fan-out asks for, and the page that it commits for these devices.
std::pair<device_parts, page_commit> fanned_out(const fan_out_task& task, const std::vector<device_row>& rows,
                                                const fan_out_bounds& bounds) {
  fan_out_machine machine(bounds, {{{1}, {channel::fcm}}});
  machine.lead(1);
  REQUIRE(std::holds_alternative<fan_out_machine::read_worklist>(machine.next(now)));
  machine.worklist({{{1}, false}}, now);
  REQUIRE(std::holds_alternative<fan_out_machine::open_tasks>(machine.next(now)));
  device_plan plan;
  plan.parts = device_parts::none;
  machine.opened(task, plan);
  machine.opening_ended();
  REQUIRE(std::holds_alternative<fan_out_machine::begin>(machine.next(now)));
  machine.begun({journal::cursor()});
  auto action = machine.next(now);
  auto* page = std::get_if<fan_out_machine::read_page>(&action);
  REQUIRE(page != nullptr);
  auto parts = page->plan->parts;
  for (const auto& row : rows)
    machine.visit(row);
  machine.page_was_read({rows.back().key, rows.size(), true}, now);
  action = machine.next(now);
  auto* commit = std::get_if<fan_out_machine::commit>(&action);
  REQUIRE(commit != nullptr);
  return {parts, commit->pages->at(0)};
}

}  // namespace

TEST_CASE("fan-out reads the parts of a device that its words need, and puts these into the batch") {
  auto [parts, page] = fanned_out(some_task(), some_devices(R"({"other":1,"name":"Kim"})"), {});
  CHECK(parts == device_parts::all);
  REQUIRE(page.batches.size() == 1);
  const auto& targets = page.batches[0].second.targets;
  REQUIRE(targets.size() == 4);
  CHECK(targets[0].localization == 1);
  CHECK(targets[1].localization == 0);
  CHECK(targets[0].values == std::vector<std::string>{"Kim"});
  auto plain = some_task();
  plain.message.variables.clear();
  plain.message.localizations.clear();
  auto [less, bare] = fanned_out(plain, some_devices(R"({"name":"Kim"})"), {});
  CHECK(less == device_parts::token);
  CHECK(bare.batches[0].second.targets[0].values.empty());
}

TEST_CASE("long values make short batches") {
  fan_out_bounds bounds;
  bounds.values_per_batch = 2500;
  auto [parts, page] =
      fanned_out(some_task(), some_devices("{\"name\":\"" + std::string(1000, 'x') + "\"}"), bounds);
  REQUIRE(page.batches.size() == 2);
  CHECK(page.batches[0].second.targets.size() == 2);
  CHECK(page.batches[1].second.targets.size() == 2);
  bounds.values_per_batch = 1;
  CHECK(fanned_out(some_task(), some_devices(R"({"name":"long"})"), bounds).second.batches.size() == 4);
}

TEST_CASE("a sender gives the transport one order for each localization of a batch, in its words") {
  auto task = some_task();
  push_batch batch{{1}, task.message.expires_at, 0, {}};
  for (uint64_t i = 0; i < 5; ++i) {
    push_target target;
    target.device = {i + 1};
    target.push_token = "t" + std::to_string(i);
    target.localization = i % 2;
    target.values = {"v" + std::to_string(i)};
    batch.targets.push_back(target);
  }
  sender_machine machine({}, 7);
  machine.capacity({{1}, channel::fcm}, 100, false);
  claim claimed;
  claimed.queue = "1.fcm.production.campaign";
  claimed.entry = "1-1";
  claimed.token = "1";
  claimed.payload = encode(batch);
  machine.claimed({{1}, channel::fcm}, {claimed}, false, now);
  REQUIRE(std::holds_alternative<sender_machine::load_contents>(machine.next(now)));
  auto stored = decode_message(encode(task.message));
  REQUIRE(stored);
  machine.content_loaded({1}, *stored, now);
  std::map<std::string, std::vector<uint32_t>> orders;
  for (int i = 0; i < 2; ++i) {
    auto action = machine.next(now);
    auto* submit = std::get_if<sender_machine::submit>(&action);
    REQUIRE(submit != nullptr);
    const auto& content = *submit->order.content;
    CHECK(content.blanks.size() == 1);
    CHECK(content.expires_at == batch.expires_at);
    CHECK(content.localizations.empty());
    auto title = *content.content.title;
    bool korean = title.size() > 3 && title.substr(title.size() - 3) == "님";
    orders[korean ? "ko" : "plain"] = submit->order.numbers;
    for (size_t n = 0; n < submit->order.numbers.size(); ++n)
      CHECK(submit->order.targets[n].values[0] == "v" + std::to_string(submit->order.numbers[n]));
  }
  CHECK(orders["plain"] == std::vector<uint32_t>{0, 2, 4});
  CHECK(orders["ko"] == std::vector<uint32_t>{1, 3});
}
