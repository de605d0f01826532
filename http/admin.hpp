// The admin listener: health and metrics, without a key, on an address of its own.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Serves /livez, /readyz and /metrics. `health` must outlive the server. Errors: as server::start.
result<std::unique_ptr<server>> start_admin(const listen_address& address, const limits_settings& limits,
                                            const health_source& health);

}  // namespace pusher::http
