#include "conf/toml_file.hpp"

#include <toml.hpp>

namespace pusher {

namespace {

error wrong(std::string detail) { return {errc::invalid_configuration, std::move(detail), "", 0}; }

unsigned line_of(const toml::value& value) { return static_cast<unsigned>(value.location().line()); }

/// The first line of toml11's explanation, which goes on with a drawing of the file.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

result<std::vector<toml_entry>> read_toml(const std::string& path) {
  toml::value root;
  try {
    root = toml::parse(path);
  } catch (const std::exception& fault) {
    return wrong(path + " is not valid TOML: " + first_line(fault.what()));
  }
  std::vector<toml_entry> entries;
  for (const auto& [section, table] : root.as_table()) {
    if (!table.is_table())
      return wrong(section + " (" + path + ":" + std::to_string(line_of(table)) + ") stands outside of a section, such as [api].");
    for (const auto& [key, value] : table.as_table()) {
      toml_entry entry;
      entry.name = section + "." + key;
      entry.line = line_of(value);
      if (value.is_string()) {
        entry.text = value.as_string().str;
      } else if (value.is_integer()) {
        entry.type = option_type::number;
        entry.text = std::to_string(value.as_integer());
      } else if (value.is_boolean()) {
        entry.type = option_type::boolean;
        entry.text = value.as_boolean() ? "true" : "false";
      } else {
        return wrong(entry.name + " (" + path + ":" + std::to_string(entry.line) + ") takes a text, a number or true/false.");
      }
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

}  // namespace pusher
