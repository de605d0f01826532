// Results as JSON.
#pragma once

#include "http/json_writer.hpp"
#include "model/feed_event.hpp"

namespace pusher::http {

void write_feed_event(json_text& out, const feed_event& from);

}  // namespace pusher::http
