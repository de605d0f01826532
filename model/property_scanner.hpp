// Finds properties in a device's JSON text without building a document: a scan for an audience does this a
// million times.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pusher {

/// A property's value where it stands in the text. Views die with the text.
struct property_value {
  enum class kind : unsigned char { missing, text, number, boolean, time, list };
  kind type = kind::missing;
  std::string_view raw;  ///< of a text or time what is between the quotes, of a list between the brackets
  bool escaped = false;  ///< a text that has backslashes in it

  explicit operator bool() const { return type != kind::missing; }
};

/// What a text with escapes means, in UTF-8, appended to `to`.
void append_unescaped(std::string& to, std::string_view raw);

/// Calls `visit(raw, escaped)` for each string of a list until it returns true; whether it did.
template <class Visit>
bool any_element(std::string_view list, const Visit& visit);

/// Not thread-safe; keeps its buffers from text to text. Text that is not a JSON object has no properties; it
/// is not validated beyond what finding needs, for it was when it was stored.
class property_scanner {
 public:
  void load(std::string_view json) {
    text_ = json;
    scanned_ = false;
  }
  property_value find(std::string_view name);

 private:
  struct member {
    std::string_view name;
    bool name_escaped = false;
    property_value value;
  };
  bool scan();

  std::string_view text_;
  std::vector<member> members_;
  std::string unescaped_;
  bool scanned_ = false;
};

namespace scanning {

/// Moves `at` behind the string whose opening quote it stands on; whether it ends. `raw` is what stands
/// between.
inline bool take_string(const char*& at, const char* end, std::string_view& raw, bool& escaped) {
  const char* begin = ++at;
  escaped = false;
  for (; at != end && *at != '"'; ++at) {
    if (*at != '\\') continue;
    escaped = true;
    if (++at == end) return false;
  }
  if (at == end) return false;
  raw = {begin, static_cast<size_t>(at - begin)};
  ++at;
  return true;
}

}  // namespace scanning

template <class Visit>
bool any_element(std::string_view list, const Visit& visit) {
  const char *at = list.data(), *end = list.data() + list.size();
  while (at != end) {
    if (*at != '"') {
      ++at;
      continue;
    }
    std::string_view raw;
    bool escaped = false;
    if (!scanning::take_string(at, end, raw, escaped)) return false;
    if (visit(raw, escaped)) return true;
  }
  return false;
}

}  // namespace pusher
