// The options by which a subcommand finds its settings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "model/result.hpp"

namespace CLI {
class App;
}

namespace pusher::cli {

/// Outlives the parser.
struct settings_options {
  std::string config, roles, name, data_directory, log_level, log_format;
  std::vector<std::string> assignments;  ///< section.key=value

  /// Those that all subcommands have.
  void add_to(CLI::App& command);
  result<loaded_settings> load() const;
  /// The exit code of `work`, or of what is wrong with the settings.
  int run_with(const std::function<int(settings)>& work) const;
};

}  // namespace pusher::cli
