#include "model/device_wording.hpp"

#include <algorithm>

#include "model/limits.hpp"
#include "model/utf8.hpp"

namespace pusher {

namespace {

constexpr size_t most_remembered_locales = 500;

void append_property(const property_value& value, std::string& to) {
  using kind = property_value::kind;
  auto append = [&to](std::string_view raw, bool escaped) {
    if (escaped)
      append_unescaped(to, raw);
    else
      to += raw;
  };
  if (value.type == kind::missing) return;
  if (value.type != kind::list) return append(value.raw, value.escaped);
  any_element(value.raw, [&](std::string_view raw, bool escaped) {
    if (!to.empty()) to += ", ";
    append(raw, escaped);
    return to.size() > limits::variable_bytes;
  });
}

std::string_view attribute_of(const device_row& row, std::string_view name) {
  if (name == "device_id") return row.device_id;
  if (name == "user_id") return row.user_id;
  if (name == "locale") return row.locale;
  if (name == "language") return row.locale.substr(0, row.locale.find_first_of("-_"));
  if (name == "time_zone") return row.time_zone;
  if (name == "app_version") return row.app_version;
  if (name == "platform") return to_string(row.platform);
  if (name == "gateway") return to_string(row.gateway);
  return {};
}

bool is_unwanted(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t');
}

void make_bounded(std::string& value) {
  value.erase(std::remove_if(value.begin(), value.end(), is_unwanted), value.end());
  value.resize(utf8::cut(value, limits::variable_bytes).size());
}

std::vector<std::string> locales_of(const message& content) {
  std::vector<std::string> locales;
  for (const auto& each : content.localizations)
    locales.push_back(each.locale);
  return locales;
}

}  // namespace

device_wording::device_wording(const message& content, const audience& to)
    : variables_(content.variables.empty() ? nullptr : &content.variables),
      is_localized_(!content.localizations.empty()),
      needs_attributes_(is_localized_),
      choice_(locales_of(content)) {
  for (const auto& each : content.variables) {
    needs_attributes_ = needs_attributes_ || each.source != variable_source::property;
    needs_properties_ = needs_properties_ || each.source == variable_source::property;
  }
  if (const auto* brought = std::get_if<audience_targets>(&to); brought && variables_)
    for (const auto& each : brought->targets)
      given_.emplace(each.device_id, each.variables);
}

size_t device_wording::localization_of(std::string_view locale) {
  if (locale.empty()) return 0;
  std::string key(locale);
  if (auto known = chosen_.find(key); known != chosen_.end()) return known->second;
  if (chosen_.size() >= most_remembered_locales) chosen_.clear();
  return chosen_[std::move(key)] = choice_.of(locale);
}

void device_wording::describe(device_reader& device, push_target& into) {
  if (is_localized_) into.localization = static_cast<uint16_t>(localization_of(device.row().locale));
  if (!variables_) return;
  auto brought = given_.find(device.row().device_id);
  target_.load(brought == given_.end() ? "{}" : brought->second);
  into.values.resize(variables_->size());
  for (size_t i = 0; i < into.values.size(); ++i)
    read((*variables_)[i], device, into.values[i]);
}

void device_wording::read(const variable& which, device_reader& device, std::string& into) {
  into.clear();
  switch (which.source) {
    case variable_source::property:
      append_property(device.property(which.name), into);
      break;
    case variable_source::device:
      into = attribute_of(device.row(), which.name);
      break;
    case variable_source::target:
      append_property(target_.find(which.name), into);
      break;
  }
  make_bounded(into);
}

}  // namespace pusher
