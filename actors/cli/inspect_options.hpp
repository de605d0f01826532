// `pusher inspect` on the command line.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "actors/cli/settings_options.hpp"
#include "actors/inspect/inspect_command.hpp"

namespace CLI {
class Option;
}

namespace pusher::cli {

/// The commands that operators give to a running cluster. Outlives the parser, as all that it is given.
class inspect_commands {
 public:
  /// `code` becomes the exit code of the one that is given.
  inspect_commands(CLI::App& to, settings_options& from, int& code);

 private:
  CLI::App* add(const std::string& name, const char* about);
  /// Positional and required; one of `choices`, if there are any.
  void argument(CLI::App* of, const char* name, const std::vector<std::string>& choices,
                const char* about = "");
  /// What to do, `list` unless it is said, and with all others to which.
  void decision(CLI::App* of, const std::vector<std::string>& verbs, const char* what);
  void run(const std::string& name);

  settings_options& from_;
  int& code_;
  CLI::App* inspect_ = nullptr;
  CLI::Option* watch_ = nullptr;
  commands::inspect_wish wish_;
  std::deque<std::string> arguments_;  ///< of all commands; only those of the one that was given have a text
  std::string level_, node_;
};

}  // namespace pusher::cli
