// How the embedded Redis and MariaDB are installed, started and asked for an answer.
#pragma once

#include <string>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "storage/embedded_server.hpp"

namespace pusher {

/// `directory` is the canonical data directory, `sockets` the directory of the sockets.
/// Errors: invalid_configuration, naming the Debian package of a program that is not installed.
result<server_plan> plan_redis(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets);
result<server_plan> plan_mysql(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets);

}  // namespace pusher
