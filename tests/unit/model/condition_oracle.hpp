// A second judge of conditions, written from docs/conditions.md alone: set algebra over typed tables. It
// never sees JSON; whoever makes a value says what it means and how it is written.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pusher::oracle {

/// A number as its literal means it: whole ones of 64 bits exactly, all others as the nearest double.
struct number {
  bool whole = false;
  bool negative = false;
  uint64_t magnitude = 0;  ///< of whole ones
  double nearest = 0;
};
number number_of(const std::string& literal);

struct instant {
  int64_t ms = 0;
};

using meaning = std::variant<std::string, number, bool, instant, std::vector<std::string>>;

struct value {
  meaning is;
  std::string json;  ///< one way to write it
};

struct attribute_names {
  static constexpr std::array all{"platform", "gateway",     "locale",     "language",    "time_zone",
                                  "user_id",  "app_version", "created_at", "last_seen_at"};
};

struct device {
  std::string id;
  std::map<std::string, value> attributes;  ///< those that it has
  std::map<std::string, value> properties;
  std::string properties_json;
};

constexpr size_t devices_per_world = 64;
using device_set = std::bitset<devices_per_world>;

enum class form { everything, all, any, negation, property, attribute, cohort, segment };

/// A condition. Which fields count depends on the form and the operator.
struct node {
  form is = form::everything;
  std::vector<node> children;
  std::string name;       ///< of the property, attribute or segment; the seed of a cohort
  std::string name_json;  ///< the same as written
  std::string op;
  std::vector<value> operands;  ///< one, or as many as `in` and `between` have
  double days = 0;
  std::string days_json;
  bool wanted = false;                ///< exists
  uint64_t of = 1, from = 0, to = 0;  ///< cohort
  bool operator_first = false;        ///< how it is written
  std::string blank;                  ///< white space to write between its parts
};

/// The devices and the segments that conditions are asked of.
struct world {
  std::vector<device> devices;  ///< devices_per_world of them
  std::map<std::string, node> segments;
  int64_t as_of = 0;

  /// Who has which value, by name: what conditions are judged from. Call after changing devices.
  void tabulate();
  using column = std::vector<std::pair<size_t, const value*>>;
  std::map<std::string, column> properties, attributes;
};

/// The devices that meet the condition.
device_set matching(const node& condition, const world& in);

std::string to_json(const node& condition);

/// The condition with its segments' conditions in their places.
node written_out(const node& condition, const world& in);

/// What the documentation limits, of a condition without segments; `{}` is taken for a level, to be well
/// within.
struct size {
  size_t levels = 0;
  size_t comparisons = 0;
};
size size_of(const node& condition);

/// A version, or nothing when the text is none.
struct version {
  std::vector<std::string> numbers;  ///< digits without leading zeros
  std::vector<std::string> pre_release;
};
std::optional<version> version_of(std::string_view text);

/// Code points of valid UTF-8.
std::u32string code_points(std::string_view utf8);

}  // namespace pusher::oracle
