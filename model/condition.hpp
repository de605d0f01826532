// Conditions: a typed boolean expression over a device's properties and attributes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

#include "model/device.hpp"
#include "model/property_scanner.hpp"
#include "model/result.hpp"

namespace pusher {

/// A device whose properties are looked for at most once, however many conditions look at it. Reuse one
/// reader for many devices: it keeps its buffers. Not thread-safe.
class device_reader {
 public:
  /// Points the reader at the next device. The row's views must outlive the calls of `matches`.
  void load(const device_row& row) {
    row_ = row;
    scanner_.load(row.properties);
  }

  const device_row& row() const { return row_; }
  /// The property's value; missing when the device lacks it (or its properties cannot be read).
  property_value property(std::string_view name) { return scanner_.find(name); }
  /// What a text means; valid until the next call.
  std::string_view text_of(std::string_view raw, bool escaped);

 private:
  device_row row_;
  property_scanner scanner_;
  std::string unescaped_;
};

/// An immutable, checked condition. Cheap to copy; safe to share between threads.
class condition {
 public:
  /// The condition that every device meets (`{}`).
  condition();

  /// Reads a condition; `pointer` is the JSON pointer of `value` in the request, for errors.
  static result<condition> parse(const rapidjson::Value& value, const std::string& pointer = "");
  /// The same from text.
  static result<condition> parse(std::string_view json);

  /// `as_of`: the moment for which the device is judged; `within_days` counts back from it.
  bool matches(device_reader& device, utc_ms as_of) const;
  bool matches_all() const;  ///< whether it is the empty condition
  /// Canonical JSON that parse() reads back.
  std::string to_json() const;

  /// Names of the segments that it uses, each once. While it uses any, no device meets that part of it.
  std::vector<std::string> segments() const;
  /// The condition with its segments written out; those of `known` use none themselves. Errors:
  /// invalid_condition, at `pointer` + the place of the reference: no such segment, or too large by it.
  result<condition> with_segments(const std::map<std::string, condition>& known,
                                  const std::string& pointer) const;

  /// What of a device it looks at, beside gateway and platform.
  struct needs {
    bool properties = false;
    bool attributes = false;
  };
  needs looks_at() const;

  struct node;
  const node& root() const { return *root_; }  ///< for model/condition_*.cpp

 private:
  explicit condition(std::shared_ptr<const node> root);
  std::shared_ptr<const node> root_;
};

}  // namespace pusher
