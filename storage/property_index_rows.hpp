// The rows of the inverted index, kept in step with the devices within the caller's transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "model/device.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// Numbers are stored: never renumber.
enum class index_state : uint8_t { building = 1, ready = 2, dropping = 3 };

/// A property name that an application declared as indexed.
struct indexed_property {
  uint32_t id = 0;
  std::string name;
  index_state state = index_state::building;
  /// Whether a device had a string or a very long list there: then `contains` cannot be narrowed.
  bool has_open = false;
};

/// Those of an application that are not being dropped. With `lock` nobody declares or drops a name before the
/// transaction ends: who writes devices must know all names whose rows he has to keep.
result<std::vector<indexed_property>> read_indexed_properties(database::connection& on, application_id app,
                                                              bool lock);

/// Gathers what changes, then writes it in index order. Not thread-safe.
class property_index_rows {
 public:
  explicit property_index_rows(std::vector<indexed_property> names);

  bool empty() const { return names_.empty(); }
  /// A device's properties before and after; empty text = the device was not there, or is not any more.
  void change(device_key device, std::string_view before, std::string_view after);
  result<void> write(database::connection& on);

 private:
  using row = std::tuple<uint64_t, uint64_t, uint64_t>;  ///< index_id, hash, device

  std::vector<indexed_property> names_;
  std::vector<std::string> name_texts_;
  std::vector<row> added_, removed_;
  std::vector<bool> opened_;  ///< per name: an open entry was met that the name does not know of yet
};

}  // namespace pusher
