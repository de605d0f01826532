// `pusher cluster`: the private authority of a cluster of several machines. Exit codes as in commands.hpp.
#pragma once

#include <string>
#include <vector>

namespace pusher::commands {

int init_ca(const std::string& directory);

/// A certificate for one node; again for the same name, it replaces the one before.
int issue_certificate(const std::string& name, const std::string& ca_directory, const std::string& out,
                      const std::vector<std::string>& hosts);

}  // namespace pusher::commands
