// The engine against a second judge (condition_oracle.hpp) over random devices and conditions.
// PUSHER_SEED chooses other ones, PUSHER_WORLDS more of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <set>

#include "condition_generator.hpp"
#include "model/condition.hpp"
#include "model/json.hpp"
#include "model/properties.hpp"
#include "model/property_index.hpp"

using namespace pusher;

namespace {

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* told = std::getenv(name);
  return told != nullptr ? std::strtoull(told, nullptr, 10) : otherwise;
}

// -- the engine's side --------------------------------------------------------

/// A device as the engine's callers hold it; `row` points into the rest.
struct engine_device {
  const oracle::device* of = nullptr;
  std::string properties;

  std::string_view text(const char* attribute) const {
    auto found = of->attributes.find(attribute);
    return found == of->attributes.end() ? std::string_view() : std::get<std::string>(found->second.is);
  }
  device_row row() const {
    device_row made;
    made.device_id = of->id;
    made.platform = *parse_platform(text("platform"));
    made.gateway = *parse_gateway(text("gateway"));
    made.locale = text("locale");
    made.time_zone = text("time_zone");
    made.user_id = text("user_id");
    made.app_version = text("app_version");
    made.created_at = std::get<oracle::instant>(of->attributes.at("created_at").is).ms;
    made.last_seen_at = std::get<oracle::instant>(of->attributes.at("last_seen_at").is).ms;
    made.properties = properties;
    return made;
  }
};

/// As stored: checked and written anew by the model.
std::string as_stored(const std::string& properties) {
  auto parsed = json::parse(properties);
  REQUIRE_MESSAGE(parsed.ok(), properties << ": " << (parsed ? "" : parsed.failure().detail));
  auto stored = checked_properties(*parsed, "");
  REQUIRE_MESSAGE(stored.ok(), properties << ": " << (stored ? "" : stored.failure().detail));
  return *stored;
}

struct engine_world {
  explicit engine_world(const oracle::world& in) : of(in) {
    // Half of them keep the escapes and the numbers' digits in which clients wrote them.
    for (const auto& each : in.devices) {
      bool raw = devices.size() % 2 == 0;
      devices.push_back({&each, raw ? each.properties_json : as_stored(each.properties_json)});
    }
    for (const auto& [name, saved] : in.segments)
      known.emplace(name, read(oracle::to_json(saved)));
  }

  /// The condition with its segments written out.
  condition read(const std::string& text) const {
    auto parsed = condition::parse(text);
    REQUIRE_MESSAGE(parsed.ok(), text << ": " << (parsed ? "" : parsed.failure().detail));
    auto whole = parsed->with_segments(known, "");
    REQUIRE_MESSAGE(whole.ok(), text << ": " << (whole ? "" : whole.failure().detail));
    return *whole;
  }

  bool meets(const condition& asked, const device_row& row) const {
    reader.load(row);
    return asked.matches(reader, of.as_of);
  }

  oracle::device_set matching(const condition& asked) const {
    oracle::device_set found;
    for (size_t i = 0; i < devices.size(); ++i)
      found.set(i, meets(asked, devices[i].row()));
    return found;
  }

  const oracle::world& of;
  std::vector<engine_device> devices;
  std::map<std::string, condition> known;
  mutable device_reader reader;
};

// -- mismatches ---------------------------------------------------------------

/// Conditions that are one step simpler.
std::vector<oracle::node> simpler(const oracle::node& than, const oracle::world& in) {
  std::vector<oracle::node> made;
  if (than.is == oracle::form::segment) made.push_back(in.segments.at(than.name));
  for (size_t i = 0; i < than.children.size(); ++i) {
    made.push_back(than.children[i]);
    if (than.is != oracle::form::negation) {
      auto without = than;
      without.children.erase(without.children.begin() + static_cast<ptrdiff_t>(i));
      made.push_back(std::move(without));
    }
    for (auto& child : simpler(than.children[i], in)) {
      auto with = than;
      with.children[i] = std::move(child);
      made.push_back(std::move(with));
    }
  }
  if (than.op == "in")
    for (size_t i = 0; i < than.operands.size(); ++i) {
      auto without = than;
      without.operands.erase(without.operands.begin() + static_cast<ptrdiff_t>(i));
      made.push_back(std::move(without));
    }
  return made;
}

std::string report(uint64_t seed, const oracle::node& asked, const oracle::world& in, size_t device,
                   bool engine) {
  const auto& who = in.devices[device];
  std::string text =
      "seed " + std::to_string(seed) + "\ncondition " + oracle::to_json(asked) + "\ndevice " + who.id;
  for (const auto& [name, has] : who.attributes)
    text += "\n  " + name + " " + has.json;
  return text + "\n  properties " + who.properties_json + "\nas of " + to_rfc3339(in.as_of) +
         "\nthe engine says " + (engine ? "yes" : "no") + ", the documentation " + (engine ? "no" : "yes");
}

void shrink_and_report(uint64_t seed, oracle::node asked, const engine_world& in, size_t device) {
  auto differs = [&](const oracle::node& candidate) {
    return in.meets(in.read(oracle::to_json(candidate)), in.devices[device].row()) !=
           oracle::matching(candidate, in.of).test(device);
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (auto& candidate : simpler(asked, in.of))
      if ((smaller = differs(candidate))) {
        asked = std::move(candidate);
        break;
      }
  }
  bool engine = in.meets(in.read(oracle::to_json(asked)), in.devices[device].row());
  FAIL_CHECK(report(seed, asked, in.of, device, engine));
}

// -- what every condition must keep -------------------------------------------

/// A scan reads only the columns that a condition says it looks at.
void check_needs(const condition& asked, const engine_world& in, const oracle::device_set& matched) {
  auto needs = asked.looks_at();
  if (needs.properties && needs.attributes) return;
  for (size_t i = 0; i < in.devices.size(); ++i) {
    auto row = in.devices[i].row();
    if (!needs.properties) row.properties = {};
    if (!needs.attributes) {
      row.user_id = row.locale = row.time_zone = row.app_version = {};
      row.created_at = row.last_seen_at = 0;
    }
    CHECK_MESSAGE(in.meets(asked, row) == matched.test(i), asked.to_json());
  }
}

/// An index is asked for what a condition demands: no device that meets it may be missing from the answer.
/// Gives how many conditions demanded anything.
size_t check_demands(const condition& asked, const engine_world& in, const oracle::device_set& matched,
                     const std::vector<std::string>& indexed) {
  auto wanted = demands_of(asked, indexed);
  for (size_t i = 0; i < in.devices.size() && !(wanted.values.empty() && wanted.users.empty()); ++i) {
    if (!matched.test(i)) continue;
    auto entries = index_entries_of(in.devices[i].properties, indexed);
    auto found_by = [&](const demanded_value& value) {
      auto at = static_cast<size_t>(std::find(indexed.begin(), indexed.end(), value.name) - indexed.begin());
      const auto& has = entries.at(at);
      return (value.by_contains && has.open) ||
             std::binary_search(has.hashes.begin(), has.hashes.end(), value.hash);
    };
    for (const auto& any : wanted.values)
      CHECK_MESSAGE(std::any_of(any.begin(), any.end(), found_by), asked.to_json()
                                                                       << " " << in.devices[i].properties);
    for (const auto& users : wanted.users)
      CHECK_MESSAGE(std::count(users.begin(), users.end(), in.devices[i].text("user_id")) > 0,
                    asked.to_json());
  }
  return wanted.values.empty() && wanted.users.empty() ? 0 : 1;
}

struct seen {
  size_t pairs = 0, matches = 0, mixed_conditions = 0, conditions = 0, demanding = 0, deepest = 0, widest = 0;
  std::map<std::string, std::array<size_t, 2>> answers_by_operator;

  void add(const oracle::node& asked, const oracle::world& in, const oracle::device_set& matched) {
    auto out = oracle::size_of(oracle::written_out(asked, in));
    deepest = std::max(deepest, out.levels);
    widest = std::max(widest, out.comparisons);
    ++conditions;
    pairs += matched.size();
    matches += matched.count();
    if (matched.any() && !matched.all()) ++mixed_conditions;
    const std::string by = asked.is == oracle::form::cohort    ? "cohort"
                           : asked.is == oracle::form::segment ? "segment"
                                                               : asked.op;
    answers_by_operator[by][0] += matched.size() - matched.count();
    answers_by_operator[by][1] += matched.count();
  }
};

}  // namespace

TEST_CASE("the engine judges as the documentation says") {
  const uint64_t seed = number_from_environment("PUSHER_SEED", 20260608);
  const uint64_t worlds = number_from_environment("PUSHER_WORLDS", 50);
  constexpr size_t conditions_per_world = 120;
  constexpr size_t reports = 5;
  seen all;
  size_t mismatches = 0;
  oracle::generator random(seed);
  for (uint64_t w = 0; w < worlds && mismatches < reports; ++w) {
    auto world = random.make_world();
    engine_world engine(world);
    std::vector<std::string> indexed;
    for (const auto& [name, having] : world.properties)
      if (indexed.size() < most_indexed_names) indexed.push_back(name);
    for (size_t c = 0; c < conditions_per_world && mismatches < reports; ++c) {
      auto asked = random.make_condition(world);
      auto expected = oracle::matching(asked, world);
      auto read = engine.read(oracle::to_json(asked));
      auto found = engine.matching(read);
      all.add(asked, world, expected);
      if (auto differing = found ^ expected; differing.any()) {
        ++mismatches;
        size_t device = 0;
        while (!differing.test(device))
          ++device;
        shrink_and_report(seed, asked, engine, device);
        continue;
      }
      CHECK_MESSAGE(engine.matching(engine.read(read.to_json())) == expected, oracle::to_json(asked)
                                                                                  << read.to_json());
      check_needs(read, engine, expected);
      all.demanding += check_demands(read, engine, expected, indexed);
    }
  }
  if (mismatches != 0 || worlds < 50) return;
  MESSAGE(all.pairs << " pairs, " << all.matches * 100 / all.pairs << " % match; " << all.mixed_conditions
                    << " of " << all.conditions << " conditions tell devices apart, " << all.demanding
                    << " demand a value");
  CHECK(all.pairs >= 100'000);
  CHECK(all.matches * 10 >= all.pairs);
  CHECK(all.matches * 10 <= all.pairs * 9);
  CHECK(all.mixed_conditions * 2 >= all.conditions);
  CHECK(all.demanding * 20 >= all.conditions);
  CHECK(all.deepest == 16);
  CHECK(all.widest == 256);
  for (const char* by : {"eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "exists", "prefix",
                         "contains", "within_days", "version_gte", "version_lt", "cohort", "segment"}) {
    INFO(std::string(by));
    auto answers = all.answers_by_operator[by];
    CHECK(answers[0] * 50 >= answers[0] + answers[1]);
    CHECK(answers[1] * 50 >= answers[0] + answers[1]);
  }
}
