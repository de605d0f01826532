#include "conf/toml_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <toml.hpp>

#include "conf/wrong.hpp"

namespace pusher {

namespace {

unsigned line_of(const toml::value& value) {
  return static_cast<unsigned>(value.location().line());
}

/// What toml11 has to say, without the name of its function in front and the drawing of the file behind.
std::string explanation(const std::exception& fault) {
  std::string text = fault.what();
  text = text.substr(0, text.find('\n'));
  auto colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

/// A list of texts as one text with commas; nothing when it holds anything else.
std::optional<std::string> joined(const toml::array& list) {
  std::string text;
  for (const auto& each : list) {
    if (!each.is_string()) return std::nullopt;
    text += (text.empty() ? "" : ",") + each.as_string().str;
  }
  return text;
}

/// Gives the entry its type and text, or false when no option takes such a value.
bool read_value(const toml::value& value, toml_entry& into) {
  if (value.is_string()) {
    into.text = value.as_string().str;
    return into.text.find('\0') == std::string::npos;
  }
  if (value.is_integer()) {
    into.type = option_type::number;
    into.text = std::to_string(value.as_integer());
    return true;
  }
  if (value.is_boolean()) {
    into.type = option_type::boolean;
    into.text = value.as_boolean() ? "true" : "false";
    return true;
  }
  into.type = option_type::list;
  auto text = value.is_array() ? joined(value.as_array()) : std::nullopt;
  into.text = text.value_or("");
  return text.has_value();
}

}  // namespace

result<std::vector<toml_entry>> read_toml(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    bool forbidden = errno == EACCES;
    return wrong(path + " cannot be read: " + std::strerror(errno) +
                 (forbidden
                      ? ". Run this as the user whose file it is (with Debian's package: runuser -u pusher "
                        "-- pusher ...), or name a file of your own: --config FILE"
                      : ""));
  }
  toml::value root;
  try {
    root = toml::parse(path);
  } catch (const toml::exception& fault) {
    return wrong(path + ":" + std::to_string(fault.location().line()) +
                 " is not valid TOML: " + explanation(fault));
  } catch (const std::exception& fault) {
    return wrong(path + " cannot be read as TOML: " + explanation(fault));
  }
  std::vector<toml_entry> entries;
  for (const auto& [section, table] : root.as_table()) {
    if (!table.is_table())
      return wrong(section + " (" + path + ":" + std::to_string(line_of(table)) +
                   ") stands outside of a section, such as [api].");
    for (const auto& [key, value] : table.as_table()) {
      toml_entry entry;
      entry.name = section + "." + key;
      entry.line = line_of(value);
      if (!read_value(value, entry))
        return wrong(entry.name + " (" + path + ":" + std::to_string(entry.line) +
                     ") takes a text, a whole number, true, false or a list of texts.");
      entries.push_back(std::move(entry));
    }
    if (table.as_table().empty()) entries.push_back({section, option_type::text, "", line_of(table)});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const toml_entry& a, const toml_entry& b) { return a.line < b.line; });
  return entries;
}

}  // namespace pusher
