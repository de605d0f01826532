// What no single option of [cluster] can know.
#pragma once

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Errors: invalid_configuration, naming the option and how to mend it. Does not read the files.
result<void> check_cluster(const settings& values);

}  // namespace pusher
