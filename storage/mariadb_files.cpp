#include "storage/mariadb_files.hpp"

#include <sstream>

namespace pusher {

namespace {

constexpr std::string_view mark = "[ERROR] ";

/// The first error that speaks of damage; empty = none does.
std::string complaint(const std::string& log) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    auto at = line.find(mark);
    if (at == std::string::npos) continue;
    bool damaged =
        line.find("orrupt", at) != std::string::npos || line.find("hecksum", at) != std::string::npos;
    if (damaged) return line.substr(at + mark.size());
  }
  return {};
}

}  // namespace

result<bool> judge_mariadb_start(const std::string& log) {
  auto said = complaint(log);
  if (said.empty()) return false;
  return error{errc::store_unavailable,
               "The embedded MariaDB cannot start, its files are damaged: " + said + ". " +
                   std::string(after_damage),
               "", 0};
}

}  // namespace pusher
