#include "conf/secret_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "conf/wrong.hpp"

namespace pusher {

result<void> refuse_if_others_can_read(const std::string& name, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || access(path.c_str(), R_OK) != 0)
    return wrong(name + ": cannot read " + path + "; check the path and its permissions.");
  if (info.st_mode & S_IROTH)
    return wrong(name + ": " + path + " can be read by everyone; chmod it to 0600.");
  return {};
}

result<std::string> read_secret(const std::string& name, const std::string& path) {
  if (auto safe = refuse_if_others_can_read(name, path); !safe) return safe.failure();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  auto secret = text.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r'))
    secret.pop_back();
  return secret;
}

}  // namespace pusher
