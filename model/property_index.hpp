// The inverted index over properties, without its storage: which values a device is found by, and which
// values a condition demands. An index only narrows what is looked at; the condition stays the judge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/condition.hpp"

namespace pusher {

constexpr size_t most_indexed_names = 8;

/// What a property of a device is found by. Values that compare equal have the same hash.
struct index_entries {
  std::vector<uint64_t> hashes;  ///< sorted, each once
  /// Whether `contains` could hold without one of them: the property is a string, or a very long list.
  bool open = false;
};

/// The entries of each of the names, in their order. `properties`: a JSON object; one that cannot be read has
/// no entries.
std::vector<index_entries> index_entries_of(std::string_view properties,
                                            const std::vector<std::string>& names);

/// A value that a property must have.
struct demanded_value {
  std::string name;
  uint64_t hash = 0;
  bool by_contains = false;  ///< as a list's element: no device may have `open` entries for the name
};

/// A device that meets the condition has at least one of these values.
using demand = std::vector<demanded_value>;

/// What a condition demands: each of `values` and `users` by itself must be true of a device that meets it.
struct demands {
  std::vector<demand> values;
  std::vector<std::vector<std::string>> users;  ///< user_id is one of these
};

/// `names`: the indexed ones; what others must be is left out. A demand of very many values is left out as
/// well.
demands demands_of(const condition& where, const std::vector<std::string>& names);

}  // namespace pusher
