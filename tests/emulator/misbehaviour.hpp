// What any gateway may do wrong, in the same way for all.
#pragma once

#include <string_view>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/verdict.hpp"

namespace pusher::emulator {

/// Fills the answer when `what` is worded the same by all gateways, and returns its word for the log; else
/// empty. `path` is what was asked for.
std::string_view word_misbehaviour(verdict what, std::string_view path, reply& answer);

/// Google's page for a path that it does not know.
void word_html_not_found(reply& answer);

/// Whether a client followed the redirect of a push, which it never should.
bool is_redirected(std::string_view path);

}  // namespace pusher::emulator
