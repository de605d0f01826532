// Reads a TOML file into flat entries; keeps the slow TOML header in one source file.
#pragma once

#include <string>
#include <vector>

#include "conf/options.hpp"
#include "model/result.hpp"

namespace pusher {

struct toml_entry {
  std::string name;  ///< "section.key"; only "section" where a section stands empty
  option_type type = option_type::text;
  std::string text;
  unsigned line = 0;
};

/// In the order of the file. Errors: invalid_configuration, naming file and line.
result<std::vector<toml_entry>> read_toml(const std::string& path);

}  // namespace pusher
