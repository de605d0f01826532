// `pusher send` on the command line.
#pragma once

#include "actors/cli/settings_options.hpp"
#include "actors/send_command.hpp"

namespace pusher::cli {

/// When it is the command that is given, `code` becomes its exit code. All outlive the parser.
void add_send(CLI::App& to, settings_options& from, commands::send_wish& wish, int& code);

}  // namespace pusher::cli
