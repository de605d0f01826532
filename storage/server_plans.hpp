// How the embedded Redis and MariaDB are installed, started and asked for an answer.
#pragma once

#include <string>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "storage/embedded_server.hpp"
#include "storage/redis_files.hpp"

namespace pusher {

/// `directory` is the canonical data directory, `sockets` the directory of the sockets.
/// Errors: invalid_configuration, naming the Debian package of a program that is not installed.
/// `told`: when Redis starts without the files that it had.
result<server_plan> plan_redis(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets, redis_files_told told);
result<server_plan> plan_mysql(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets);

}  // namespace pusher
