// The checked form of a condition, shared by what parses, writes, judges and analyses it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/clock.hpp"
#include "model/condition.hpp"

namespace pusher {

enum class attribute : uint8_t {
  platform,
  gateway,
  locale,
  language,
  time_zone,
  user_id,
  app_version,
  created_at,
  last_seen_at
};
/// In the order of the enum; likewise the operators.
inline constexpr std::array<std::string_view, 9> attribute_names{"platform",    "gateway",    "locale",
                                                                 "language",    "time_zone",  "user_id",
                                                                 "app_version", "created_at", "last_seen_at"};

enum class comparison : uint8_t {
  eq,
  ne,
  in,
  gt,
  gte,
  lt,
  lte,
  between,
  exists,
  prefix,
  contains,
  within_days,
  version_gte,
  version_lt
};
inline constexpr std::array<std::string_view, 14> operator_names{
    "eq",      "ne",     "in",     "gt",       "gte",         "lt",          "lte",
    "between", "exists", "prefix", "contains", "within_days", "version_gte", "version_lt"};

/// A number as JSON has it: whole numbers of 64 bits compare exactly, all others as doubles.
struct number {
  bool whole = false;
  bool above_int64 = false;  ///< whole and beyond INT64_MAX: `bits` are those of a uint64_t
  int64_t bits = 0;          ///< of a whole number
  double real = 0;           ///< nearest double, for whole numbers too

  static number of(const rapidjson::Value& value);
  /// The same from JSON text; nothing when it is none.
  static std::optional<number> of(std::string_view text);
  /// Negative, 0 or positive.
  static int order(const number& a, const number& b);
};

/// A typed value of a condition. Types never coerce.
struct operand {
  enum class kind : uint8_t { text, number, boolean, time };
  kind type = kind::text;
  std::string text;
  pusher::number number;
  utc_ms time = 0;
  bool flag = false;
};

/// A stable share of all devices.
struct cohort {
  uint64_t of = 1, from = 0, to = 0;
  std::string seed;

  bool takes(std::string_view device_id) const;
};

struct condition::node {
  enum class kind : uint8_t { all, any, negation, property, attribute, cohort, segment };
  kind type = kind::all;
  std::vector<node> children;  ///< of all, any; the single one of negation
  std::string name;            ///< of property, segment
  pusher::attribute attribute = attribute::platform;
  comparison op = comparison::eq;
  std::vector<operand> operands;  ///< one; two for between; any number for in, the texts first and sorted
  size_t texts = 0;               ///< how many of them are texts
  pusher::cohort share;           ///< of cohort
};

}  // namespace pusher
