#include "actors/cluster_commands.hpp"

#include <cstdio>
#include <filesystem>

#include "actors/cluster_pki.hpp"
#include "actors/commands.hpp"

namespace pusher::commands {

int init_ca(const std::string& directory) {
  if (auto made = pusher::init_ca(directory); !made) return fail(made.failure());
  auto full = std::filesystem::canonical(directory).string();
  std::printf(
      "Made a certificate authority for one cluster:\n"
      "  %s/ca.pem  its certificate\n"
      "  %s/ca.key  its key: whoever has it can make nodes. Keep a copy, and keep it off the nodes.\n\n"
      "Now make a certificate for each node:\n"
      "  pusher cluster issue NAME --directory %s\n",
      full.c_str(), full.c_str(), full.c_str());
  return 0;
}

int issue_certificate(const std::string& name, const std::string& ca_directory, const std::string& out,
                      const std::vector<std::string>& hosts) {
  auto hosts_or_this = hosts.empty() ? std::vector<std::string>{"localhost", "127.0.0.1", "::1"} : hosts;
  auto made = issue(ca_directory, name, out, hosts_or_this);
  if (!made) return fail(made.failure());
  std::printf(
      "Made a certificate for %s, valid until %s, in %s:\n"
      "  certificate.pem  key.pem  ca.pem\n\n"
      "Copy the directory to the node, for the user who runs it alone (0600), and name the files in its "
      "configuration:\n\n"
      "[cluster]\n"
      "certificate = \"%s\"\n"
      "key = \"%s\"\n"
      "ca = \"%s\"\n\n"
      "Issue it again before it ends: a running node takes new files by itself.\n",
      name.c_str(), to_rfc3339(made->ends_at).c_str(), made->directory.c_str(),
      made->files.certificate.c_str(), made->files.key.c_str(), made->files.ca.c_str());
  return 0;
}

}  // namespace pusher::commands
