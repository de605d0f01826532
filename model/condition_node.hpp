// The checked form of a condition, shared by parser and evaluator only.
#pragma once

#include <cstdint>
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

enum class comparison : uint8_t { eq, ne, in, gt, gte, lt, lte, between, exists, prefix, contains };

/// A typed value of a condition. Types never coerce.
struct operand {
  enum class kind : uint8_t { text, integer, real, boolean, time };
  kind type = kind::text;
  std::string text;
  int64_t integer = 0;  ///< of integer and time
  double real = 0;      ///< of real, and of integer as a double
  bool flag = false;
};

struct condition::node {
  enum class kind : uint8_t { all, any, negation, property, attribute };
  kind type = kind::all;
  std::vector<node> children;  ///< of all, any; the single one of negation
  std::string name;            ///< of property
  pusher::attribute attribute = attribute::platform;
  comparison op = comparison::eq;
  std::vector<operand> operands;  ///< one; two for between; any number for in
};

}  // namespace pusher
