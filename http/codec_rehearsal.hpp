// Rehearsals in JSON.
#pragma once

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "http/rehearsal.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Takes `locales` and `device_id` out of the body; what is left is not looked at.
result<rehearsal_wish> take_rehearsal_wish(rapidjson::Value& body);
void write_rehearsal(json_text& out, const rehearsal& from);

}  // namespace pusher::http
