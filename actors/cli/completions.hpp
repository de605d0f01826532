// Completion scripts of shells, written from the command tree.
#pragma once

#include <string>
#include <vector>

#include "actors/cli/command_tree.hpp"

namespace pusher::cli {

/// `settings` are the names that --set takes.
std::string bash_completion(const command_text& root, const std::vector<std::string>& settings);
std::string zsh_completion(const command_text& root, const std::vector<std::string>& settings);
std::string fish_completion(const command_text& root, const std::vector<std::string>& settings);

}  // namespace pusher::cli
