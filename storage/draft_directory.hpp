// A directory that is there as a whole or not at all.
#pragma once

#include <string>

#include "model/result.hpp"
#include "storage/child_process.hpp"

namespace pusher {

/// Filled under the name `.NAME.unfinished` beside the place where it shall be, and renamed at the end;
/// removed when it is not finished. What a killed process left is removed by the next one for the same place.
class draft_directory {
 public:
  /// The place must be free, or an empty directory, in a directory that exists. Errors:
  /// invalid_configuration, already_running (naming the place) while another process fills it, internal.
  static result<draft_directory> make(const std::string& place);
  draft_directory(draft_directory&& other) noexcept;
  draft_directory& operator=(draft_directory&&) = delete;
  ~draft_directory();

  /// Where to write now.
  const std::string& path() const { return path_; }
  /// Where it will be.
  const std::string& place() const { return place_; }
  /// Held as long as a process has it: a child that inherits it keeps others away.
  const owned_fd& lock() const { return lock_; }

  /// Makes everything durable and gives it its name. Errors: internal, also for a disk that is full.
  result<void> finish();

 private:
  draft_directory(std::string place, std::string path, owned_fd lock);
  void remove();

  std::string place_, path_;
  owned_fd lock_;
  bool ours_ = true;
};

}  // namespace pusher
