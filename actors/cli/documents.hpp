// `pusher completion` and `pusher manual`: what the command line and the table of options say of themselves.
#pragma once

#include <string>

#include "actors/cli/command_tree.hpp"

namespace pusher::cli {

/// `shell`: bash, zsh or fish.
int print_completion(const command_text& root, const std::string& shell);
/// `page`: pusher or pusher.toml.
int print_manual(const command_text& root, const std::string& page);

}  // namespace pusher::cli
