// The original service's environment variables: one process type each, with its own prefix.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// A value for one of our options, and the variable that it came from.
struct role_variable {
  std::string variable;
  std::string value;
};

/// What the variables of the roles that are played say, by our options' names (`mysql.password_file` as
/// well). Those of other roles are not for this process: only their names are checked. Errors:
/// invalid_configuration, for a name that the service never had, and for variables that contradict each
/// other.
result<std::map<std::string, role_variable>> read_role_variables(
    const std::map<std::string, std::string>& environment, const std::vector<role_entry>& played);

}  // namespace pusher
