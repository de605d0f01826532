// Language tags, and which localization a device gets.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pusher {

/// A well-formed tag of BCP 47 in its usual letter case (`ko-KR`, `zh-Hant-TW`), or nothing. `_` is taken for
/// `-`.
std::optional<std::string> canonical_locale(std::string_view text);

/// Finds a device's best among given locales as RFC 4647 looks up: the device's own, then without its last
/// part, and so on (`zh-Hant-TW`, `zh-Hant`, `zh`). Case and `_` do not matter, nor what Java and POSIX put
/// behind a locale.
class locale_choice {
 public:
  locale_choice() = default;
  explicit locale_choice(const std::vector<std::string>& locales);

  /// Counted from 1; 0 = none of them.
  size_t of(std::string_view device_locale);

 private:
  std::vector<std::string> known_;  ///< in lower case
  std::string wanted_;
};

}  // namespace pusher
