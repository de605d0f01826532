// When a notification goes out, in JSON.
#pragma once

#include "http/field_reader.hpp"
#include "http/json_writer.hpp"
#include "model/notification.hpp"

namespace pusher::http {

void read_schedule(field_reader& from, notification_draft& into);
void write_schedule(json_text& out, const notification_draft& from);

}  // namespace pusher::http
