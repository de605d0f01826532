// One frame of `pusher top`: a screenful of a cluster, made of two looks at it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <rapidjson/document.h>

#include "model/clock.hpp"

namespace pusher::screen {

/// The answers of one look; null where there was none.
struct top_look {
  const rapidjson::Value* cluster = nullptr;  ///< to `status`
  const rapidjson::Value* streams = nullptr;  ///< to `streams`
};

struct top_view {
  utc_ms now = 0;
  double seconds_between = 0;  ///< 0 = there was no look before
  size_t lines = 24, columns = 80;
  bool colours = false;
  std::string address;  ///< of the node that is asked
  std::string trouble;  ///< why there is no new look; empty = there is
  bool frozen = false;
  bool help = false;
};

/// At most so many lines, none longer than so many columns; without a newline behind the last.
std::string top_frame(const top_look& now, const top_look& before, const top_view& how);

}  // namespace pusher::screen
