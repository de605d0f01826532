// What a push-sender tells operators of itself, as members of a JSON object.
#pragma once

#include <string>

#include "actors/sender_machine.hpp"
#include "actors/sender_transports.hpp"
#include "http/json_writer.hpp"

namespace pusher {

void write_counters(http::json_text& out, const sender_counters& counted, bool results_full);

/// One transport; `app` is its application's name.
void write_gateway(http::json_text& out, const sender_transports::outlet& of, const std::string& app);

}  // namespace pusher
