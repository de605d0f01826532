// The keys of the cluster that seal credentials: one to write with, older ones to read with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"
#include "transports/sealed_text.hpp"

namespace pusher {

/// Immutable.
class key_ring {
 public:
  /// The first seals, all open. Not empty.
  explicit key_ring(std::vector<seal_key> keys);

  /// A name of the key that seals, which does not tell the key.
  const std::string& id() const { return ids_.front(); }
  bool holds(std::string_view id) const;

  /// `<id of the key>.<sealed text>`. `context` is what open() must be given again. Errors: internal.
  result<std::string> seal(std::string_view text, std::string_view context) const;
  /// Errors: secrets_key_mismatch, when a key that is not here sealed it; corrupt_data, when it was changed
  /// or belongs to another context.
  result<std::string> open(std::string_view sealed, std::string_view context) const;

 private:
  std::vector<seal_key> keys_;
  std::vector<std::string> ids_;
};

/// The id of the key that sealed a text.
std::string_view sealing_key_of(std::string_view sealed);

}  // namespace pusher
