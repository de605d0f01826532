// Huawei Push Kit as a transport.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Errors: invalid_configuration (addresses, authorities), internal.
result<std::unique_ptr<transport>> make_hms_transport(const hms_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink);

}  // namespace pusher
