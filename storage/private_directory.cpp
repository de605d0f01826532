#include "storage/private_directory.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "model/device.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

constexpr size_t longest_socket_name = sizeof("/redis.sock");

error refused(const std::string& what, const std::string& why) {
  return {errc::invalid_configuration, what + ": " + why, "", 0};
}

/// Whether nobody but us could have made it or can enter it: in /tmp, names can be taken by others first.
bool ours_alone(const std::string& directory) {
  struct stat facts {};
  return ::lstat(directory.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == ::geteuid() &&
         (facts.st_mode & 077) == 0;
}

std::string short_directory(const std::string& data_directory) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::string base = runtime && *runtime == '/' && std::strlen(runtime) < 60 ? runtime : "/tmp";
  auto digest = sha256(data_directory);
  std::string name = "/pusher-" + std::to_string(::geteuid()) + "-";
  for (size_t i = 0; i < 8; ++i) {
    name += "0123456789abcdef"[digest[i] >> 4];
    name += "0123456789abcdef"[digest[i] & 15];
  }
  return base + name;
}

}  // namespace

result<std::string> make_private_directory(const std::string& path) {
  std::error_code fault;
  auto full = fs::absolute(path, fault).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  if (full.has_parent_path()) fs::create_directories(full.parent_path(), fault);
  // A parent that cannot be made shows here, with the system's reason.
  if (::mkdir(full.c_str(), 0700) != 0 && errno != EEXIST)
    return refused("Cannot create the directory " + path, std::strerror(errno));
  auto real = fs::canonical(full, fault);
  if (fault || !fs::is_directory(real, fault)) return refused(path, "not a directory");
  return real.string();
}

result<std::string> socket_directory(const std::string& data_directory) {
  auto run = data_directory + "/run";
  if (run.size() + longest_socket_name <= sizeof(sockaddr_un::sun_path)) return make_private_directory(run);

  auto link = data_directory + "/sockets";
  std::error_code fault;
  auto chosen = fs::read_symlink(link, fault).string();
  if (!fault && ours_alone(chosen)) return chosen;
  chosen = short_directory(data_directory);
  if (::mkdir(chosen.c_str(), 0700) != 0 && errno != EEXIST)
    return refused("Cannot create the directory " + chosen, std::strerror(errno));
  if (!ours_alone(chosen)) return refused(chosen, "belongs to someone else or is open to others");
  fs::remove(link, fault);
  fs::create_symlink(chosen, link, fault);
  if (fault) return refused("Cannot create " + link, fault.message());
  return chosen;
}

result<void> refuse_as_root_for_another(const std::string& directory) {
  struct stat facts {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &facts) != 0 || facts.st_uid == 0) return {};
  const auto* owner = ::getpwuid(facts.st_uid);
  std::string name = owner ? owner->pw_name : "#" + std::to_string(facts.st_uid);
  return refused(directory, "it belongs to the user " + name + ", and root would leave files there that " +
                                name + " cannot open. Run this as that user: runuser -u " + name +
                                " -- pusher ...");
}

}  // namespace pusher
