#include "conf/key_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "conf/secret_file.hpp"
#include "conf/wrong.hpp"
#include "model/hex.hpp"

namespace pusher {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool read_key(const std::string& line, secrets_key& into) {
  if (line.size() != 2 * into.size()) return false;
  for (size_t i = 0; i < into.size(); ++i) {
    int high = digit_of(line[2 * i]), low = digit_of(line[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

std::string trimmed(const std::string& line) {
  auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool write_all(int file, const std::string& text) {
  return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
}

}  // namespace

result<std::vector<secrets_key>> read_key_file(const std::string& name, const std::string& path) {
  auto text = read_secret(name, path);
  if (!text) return std::move(text).failure();
  std::vector<secrets_key> keys;
  std::istringstream lines(*text);
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    if (!read_key(line, keys.emplace_back()))
      return wrong(name + ": line " + std::to_string(number) + " of " + path +
                   " is not a key of 64 hexadecimal digits; `openssl rand -hex 32` makes one.");
  }
  if (keys.empty())
    return wrong(name + ": there is no key in " + path + "; `openssl rand -hex 32` makes one.");
  return keys;
}

result<void> ensure_key_file(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  secrets_key key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    return wrong("cannot make a key: the system gives no random bytes");
  std::string text =
      "# Encrypts the credentials of this installation. Without it they are lost: keep a copy.\n";
  text += to_hex(key);
  // Under another name first: a crash must not leave half a key.
  auto draft = path + ".new";
  ::unlink(draft.c_str());
  int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool made = file >= 0 && write_all(file, text + "\n");
  if (file >= 0) ::close(file);
  if (!made || ::rename(draft.c_str(), path.c_str()) != 0)
    return wrong("cannot make the key file " + path + ": " + std::strerror(errno));
  return {};
}

}  // namespace pusher
