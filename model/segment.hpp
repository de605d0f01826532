// Segments: conditions that an application has saved under a name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/condition.hpp"
#include "model/result.hpp"

namespace pusher {

struct segment {
  std::string name;
  std::string condition;  ///< JSON as model/condition.hpp writes it; may use other segments
  utc_ms created_at = 0;
  utc_ms updated_at = 0;
};

/// 1 to 64 letters, digits, `_`, `-` and `.`, so that a name can stand in a path. Errors: invalid_field.
result<void> check_segment_name(std::string_view name);

/// Gives a segment's condition, nothing when there is none of this name.
using segment_source = std::function<result<std::optional<condition>>(const std::string& name)>;

/// The condition with all segments that it uses, and that those use, written out. Errors: invalid_condition
/// (at `pointer` + the place of the reference) for an unknown segment, a circle, or what grows too large;
/// those of `source`.
result<condition> write_segments_out(const condition& from, const segment_source& source,
                                     const std::string& pointer);

}  // namespace pusher
