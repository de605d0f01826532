// Files that only we may read, written so that a crash leaves the old or the new, and several that change
// together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/result.hpp"

namespace pusher {

/// A file's name in its directory, and what it holds.
using named_texts = std::vector<std::pair<std::string, std::string>>;

/// Replaces the file (0600), durably. Errors: invalid_configuration.
result<void> write_whole_file(const std::string& path, const std::string& text);

/// Files that change together: `<parent>/<name>` is a link to a directory `.<name>-<version>` that holds them
/// (0600), and is turned by one rename once a new directory is whole. The one before it stays, for readers
/// that are on their way through it; older ones are removed. Callers of one parent take turns (a lock).
class file_set {
 public:
  file_set(std::string parent, std::string name) : parent_(std::move(parent)), name_(std::move(name)) {}

  std::string path() const { return parent_ + "/" + name_; }
  static bool is_version(const std::string& text);
  static std::string fresh_version();

  /// Writes the files, which nobody sees yet; their directory. Errors: invalid_configuration.
  result<std::string> prepare(const named_texts& files, const std::string& version);
  /// Turns the link to what was prepared. Errors: invalid_configuration.
  result<void> turn(const std::string& version);
  /// Of what was prepared and is not wanted.
  void remove(const std::string& version) const;

 private:
  std::string directory_of(const std::string& version) const;
  void remove_all_but(const std::string& current, const std::string& previous) const;

  std::string parent_, name_;
};

/// Holds a directory against others who hold it likewise, in other processes too, until it is destroyed.
class directory_hold {
 public:
  /// Waits for its turn. Errors: invalid_configuration.
  static result<directory_hold> take(const std::string& directory);
  directory_hold(directory_hold&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  directory_hold& operator=(directory_hold&&) = delete;
  ~directory_hold();

 private:
  explicit directory_hold(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace pusher
