#include "actors/cluster_address.hpp"

#include <cstdio>
#include <fstream>

namespace pusher {

namespace {

std::string file_in(const std::string& data_directory) {
  return data_directory + "/cluster.address";
}

}  // namespace

result<void> write_address(const std::string& data_directory, const std::string& address) {
  auto path = file_in(data_directory);
  {
    std::ofstream to(path + ".new", std::ios::trunc);
    to << address << '\n';
    if (!to.flush()) return error{errc::internal, "cannot write " + path + ".new", "", 0};
  }
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0)
    return error{errc::internal, "cannot write " + path, "", 0};
  return {};
}

std::optional<std::string> read_address(const std::string& data_directory) {
  std::ifstream from(file_in(data_directory));
  std::string address;
  if (!std::getline(from, address) || address.empty()) return std::nullopt;
  return address;
}

}  // namespace pusher
