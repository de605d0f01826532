// Manual pages, for man(1): pusher(1) from the command tree, pusher.toml(5) from the table of options.
#pragma once

#include <string>

#include "actors/cli/command_tree.hpp"

namespace pusher::cli {

/// `date` is YYYY-MM-DD.
std::string program_manual(const command_text& root, const std::string& version, const std::string& date);
std::string settings_manual(const std::string& version, const std::string& date);

/// Today, or the day that SOURCE_DATE_EPOCH says, so that the same source gives the same page.
std::string manual_date();

}  // namespace pusher::cli
