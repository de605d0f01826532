// The spans that a traced launch leaves behind: the call, fan-out, each push batch, the gateway's requests.
#pragma once

#include <cstdint>
#include <string>

#include "actors/span.hpp"
#include "http/exchange.hpp"

namespace pusher {

/// Of a call that is traced. What is in its path, such as a device's id, is left out.
span request_span(const http::request& asked, const http::response& answer, int64_t started_us);

/// Where fan-out's span stands, as everybody can tell who knows the call that launched the notification.
trace_context fan_out_place(const trace_context& launch);
span fan_out_span(const trace_context& launch, const std::string& notification, uint64_t targets,
                  int64_t started_us);

}  // namespace pusher
