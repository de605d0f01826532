// `pusher inspect`: asks one node about the whole cluster, and steers it. Exit codes: 0 well or done; 1 what
// it shows has a problem, or the order was refused; 2 usage; 3 no node that answers; 78 configuration.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.hpp"

namespace pusher::commands {

struct inspect_wish {
  std::string node;     ///< HOST:PORT; empty = as the configuration says
  std::string command;  ///< `status`, `scale`...
  std::vector<std::string> arguments;
  bool as_json = false;
  double watch_seconds = 0;  ///< 0 = once
};

int inspect(const inspect_wish& wish, const settings& config);

}  // namespace pusher::commands
