// Reads the command tree out of the parser.
#pragma once

#include "actors/cli/command_tree.hpp"

namespace CLI {
class App;
}

namespace pusher::cli {

command_text tree_of(const CLI::App& app, const std::string& program);

}  // namespace pusher::cli
