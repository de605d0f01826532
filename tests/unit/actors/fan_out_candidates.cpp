#include "tests/unit/actors/fan_out_candidates.hpp"

#include <cstdio>

#include "tests/unit/actors/fan_out_candidate.hpp"

namespace pusher::testing {

namespace {

constexpr unsigned longest_step_ms = 7;
constexpr size_t most_notifications = 4;
constexpr int chaotic_steps = 450, most_steps = 30'000;

}  // namespace

candidates_simulation::candidates_simulation(uint32_t seed, model_rules rules, bool traced)
    : seed_(seed), random_(seed + 1), traced_(traced) {
  random_.discard(8);  // neighbouring seeds begin alike
  world_.journal.rules = lease_.rules = rules;
}

candidates_simulation::~candidates_simulation() = default;

void candidates_simulation::populate() {
  world_.add_devices(6 + random_() % 18);
  launch();
  auto count = 2 + random_() % 2;
  for (unsigned i = 0; i < count; ++i)
    candidates_.push_back(std::make_unique<candidate>(*this, std::string(1, static_cast<char>('a' + i))));
}

/// Those of an even number are for some devices only.
void candidates_simulation::launch() {
  auto key = world_.notes.size() + 1;
  world_.add(key, one_in(2) ? lane::campaign : lane::transactional,
             key % 2 ? "{}" : R"({"property":"odd","eq":true})");
}

void candidates_simulation::chaos() {
  for (int i = 0; i < chaotic_steps && outcome_.violation.empty(); ++i) {
    now_ += static_cast<utc_ms>(random_() % longest_step_ms);
    if (world_.notes.size() < most_notifications && one_in(60)) launch();
    if (!late_.empty() && one_in(15)) deliver_late();
    candidates_[random_() % candidates_.size()]->some_steps();
    check_leaders();
  }
}

void candidates_simulation::deliver_late() {
  auto at = late_.begin() + static_cast<std::ptrdiff_t>(random_() % late_.size());
  auto arriving = std::move(*at);
  late_.erase(at);
  ++outcome_.late;
  trace("an effect arrives late");
  arriving();
}

void candidates_simulation::finish() {
  faults_ = false;
  for (int i = 0; !(world_.done() && late_.empty()); ++i) {
    if (!outcome_.violation.empty()) return;
    if (i == most_steps) return violated("it does not come to an end");
    now_ += static_cast<utc_ms>(random_() % longest_step_ms);
    if (!late_.empty() && one_in(4)) deliver_late();
    candidates_[random_() % candidates_.size()]->some_steps();
    check_leaders();
  }
}

schedule_outcome candidates_simulation::run() {
  populate();
  chaos();
  finish();
  if (outcome_.violation.empty())
    for (const auto& [key, note] : world_.notes)
      check_complete(note, key.value % 2 == 0);
  return outcome_;
}

// -- what must hold --

void candidates_simulation::check_leaders() {
  unsigned leading = 0;
  for (const auto& each : candidates_)
    leading += each->leads() != 0;
  if (leading > 1) violated("two lead at once");
}

void candidates_simulation::accepted_by_journal(uint64_t epoch, const char* what) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch));
  if (epoch < highest_raised_) violated(std::string("the journal took an older epoch's ") + what);
  if (epoch > highest_raised_) ++outcome_.leaders;
  highest_raised_ = std::max(highest_raised_, epoch);
}

void candidates_simulation::accepted_by_database(uint64_t epoch, const char* what) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch));
  if (epoch < highest_granted_) violated(std::string("MariaDB took an older epoch's ") + what);
}

void candidates_simulation::granted(uint64_t epoch, const std::string& holder) {
  if (traced_) trace(holder + " holds the lease in epoch " + std::to_string(epoch));
  if (epoch < highest_granted_) violated("an epoch fell");
  if (epoch == highest_granted_ && holder != holder_) violated("two have led in one epoch");
  highest_granted_ = epoch;
  holder_ = holder;
}

void candidates_simulation::refused(const char* what, uint64_t epoch) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch) + " is refused");
  ++outcome_.refused;
}

void candidates_simulation::check_complete(const world::note& note, bool odd_only) {
  size_t expected = 0;
  for (const auto& device : world_.devices) {
    if (odd_only && device.properties == "{}") continue;
    ++expected;
    const auto& where = device.gateway == gateway::fcm ? note.pushed : note.skipped;
    auto found = where.find(device.key.value);
    if (found == where.end()) return violated("a device is left out");
    if (found->second != 1) return violated("a device is appended twice");
  }
  if (note.pushed.size() + note.skipped.size() != expected) violated("a device too many");
  if (note.noted != expected) violated("a wrong audience");
  if (note.times_done != 1) violated("not completed once");
}

void candidates_simulation::violated(const std::string& what) {
  if (!outcome_.violation.empty()) return;
  trace(what);
  outcome_.violation = what + " (seed " + std::to_string(seed_) + ")";
}

void candidates_simulation::trace(const std::string& line) const {
  if (traced_) std::printf("%8lld  %s\n", static_cast<long long>(now_), line.c_str());
}

}  // namespace pusher::testing
