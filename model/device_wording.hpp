// What a push says to one device in particular: which localization it gets, and its values of the message's
// variables. Fan-out reads this from each device, so that senders need no store.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/condition.hpp"
#include "model/job.hpp"
#include "model/locale.hpp"
#include "model/notification.hpp"

namespace pusher {

/// Not thread-safe. Views into message and audience: both must outlive it, and stay where they are.
class device_wording {
 public:
  device_wording() = default;
  device_wording(const message& content, const audience& to);

  // What of a device it looks at, beside gateway and platform.
  bool needs_attributes() const { return needs_attributes_; }
  bool needs_properties() const { return needs_properties_; }

  /// Fills in localization and values. A value has at most limits::variable_bytes, and no control characters
  /// but line breaks and tabs.
  void describe(device_reader& device, push_target& into);

 private:
  size_t localization_of(std::string_view locale);
  void read(const variable& which, device_reader& device, std::string& into);

  const std::vector<variable>* variables_ = nullptr;  ///< null = none
  bool is_localized_ = false;
  bool needs_attributes_ = false;
  bool needs_properties_ = false;
  locale_choice choice_;
  std::unordered_map<std::string, size_t> chosen_;  ///< by locale, for a few hundred of them
  std::unordered_map<std::string_view, std::string_view> given_;  ///< targets' variables, by device_id
  property_scanner target_;
};

}  // namespace pusher
