// The files of the web console (console/), as they are built into the binary.
#pragma once

#include <string_view>
#include <vector>

namespace pusher::http {

struct console_asset {
  std::string_view name;  ///< of the file, e.g. `app.js`
  std::string_view text;
};

/// Those of this build.
const std::vector<console_asset>& console_assets();

}  // namespace pusher::http
