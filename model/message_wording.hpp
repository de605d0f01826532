// A message in the words of one localization, and with one device's values in it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

/// The variables that the message's texts use, in the order of their first places. Texts that cannot be read
/// have none: check_wording() tells.
std::vector<variable> variables_of(const message& content);

/// Whether all texts of a message can be read, and use `variables` only where targets bring any. Errors:
/// invalid_field, with a pointer such as `/content/localizations/ko/title` and the place within the text.
result<void> check_wording(const message& content, bool has_targets);

/// Makes all texts mean what they say: for callers who know of no variables.
void take_literally(notification_draft& draft);

/// What devices of that localization (0 = none of them, else counted from 1) are told: its fields, else those
/// of a more general one (`ko` for `ko-KR`), else the content's. Texts with variables
/// hold blanks in their place; give them to blank_text when they have become part of a larger text.
message worded(const message& content, size_t localization);

/// A worded message with a device's values in its blanks: no text is longer than the values make it, and a URL
/// that does not come out as one is left out.
message completed(const message& worded, const std::vector<std::string>& values);

/// A text in which blanks of a worded message stand, as such or within JSON strings.
class blank_text {
 public:
  blank_text() = default;
  blank_text(std::string_view text, const message& worded);

  bool plain() const { return places_.empty(); }
  /// Appends the text with the values in the blanks, escaped as the place demands. A value that is empty or not
  /// there gives way to the blank's fall-back.
  void fill(const std::vector<std::string>& values, std::string& into) const;

 private:
  struct place {
    size_t at = 0;           ///< in text_
    unsigned json_depth = 0;  ///< JSON strings around it
    blank what;              ///< its fall-back escaped for this place
  };

  std::string text_;  ///< without the blanks
  std::vector<place> places_;
};

}  // namespace pusher
