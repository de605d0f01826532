// The command line as values: what its manual page and the completions of shells are written from, so that
// they cannot say anything else than --help does.
#pragma once

#include <string>
#include <vector>

namespace pusher::cli {

struct option_text {
  std::string name;  ///< `--config`, or `-h`; of an argument without dashes its name
  std::string meaning;
  std::string value;                 ///< what it takes, such as TEXT or FILE; empty = nothing
  std::vector<std::string> choices;  ///< the only values; empty = any
  std::string group;                 ///< a heading that it stands under; empty = none
  bool required = false, value_optional = false;
};

struct command_text {
  std::string name;  ///< of the root: the program's
  std::string meaning, notes;
  std::vector<option_text> options, arguments;
  std::vector<command_text> commands;
  bool takes_options_of_parent = false;  ///< after its own name, too
};

inline std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string all;
  for (const auto& each : words)
    all += (all.empty() ? "" : between) + each;
  return all;
}

}  // namespace pusher::cli
