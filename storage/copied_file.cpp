#include "storage/copied_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "model/hex.hpp"
#include "storage/child_process.hpp"

namespace pusher {

namespace {

constexpr size_t block_bytes = 256 * 1024;

error cannot(const std::string& what, const std::string& path) {
  return {errc::internal, "Cannot " + what + " " + path + ": " + std::strerror(errno) + ".", "", 0};
}

result<owned_fd> open_regular(const std::string& path) {
  owned_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file.valid() && errno != ENOENT) return cannot("read", path);
  if (!file.valid() || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return error{errc::not_found, "There is no file " + path + ".", "", 0};
  return file;
}

bool write_all(int file, const char* from, size_t bytes) {
  while (bytes > 0) {
    auto wrote = ::write(file, from, bytes);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    from += wrote;
    bytes -= static_cast<size_t>(wrote);
  }
  return true;
}

/// To the end of `from`; into `to`, unless that is below 0.
result<file_digest> read_through(const owned_fd& from, const std::string& from_path, int to,
                                 const std::string& to_path) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
    return error{errc::internal, "Cannot compute a SHA-256.", "", 0};
  file_digest found;
  std::vector<char> block(block_bytes);
  for (;;) {
    auto got = ::read(from.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", from_path);
    if (got == 0) break;
    auto bytes = static_cast<size_t>(got);
    EVP_DigestUpdate(digest.get(), block.data(), bytes);
    if (to >= 0 && !write_all(to, block.data(), bytes)) return cannot("write", to_path);
    found.bytes += bytes;
  }
  std::array<unsigned char, 32> made{};
  EVP_DigestFinal_ex(digest.get(), made.data(), nullptr);
  found.sha256 = to_hex(made);
  return found;
}

}  // namespace

result<file_digest> digest_of(const std::string& path) {
  auto from = open_regular(path);
  if (!from) return from.failure();
  return read_through(*from, path, -1, {});
}

result<file_digest> copy_with_digest(const std::string& from, const std::string& to) {
  auto opened = open_regular(from);
  if (!opened) return opened.failure();
  owned_fd made(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.valid()) return cannot("make", to);
  return read_through(*opened, from, made.get(), to);
}

}  // namespace pusher
