// The files of the embedded Redis. When it cannot load them, or they are not to be trusted, they are set
// aside and it starts without: what it then lacks is made again from MariaDB, as after any loss of Redis
// (docs/journal.md). Mending them instead would save no more than results that are no rows yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "model/result.hpp"

namespace pusher {

/// Where the embedded Redis works.
inline std::string redis_directory(const std::string& data_directory) {
  return data_directory + "/redis";
}

/// Told `why` the files were set aside, a sentence, and where they are `kept`; empty = nowhere, for want of
/// room.
using redis_files_told = std::function<void(const std::string& why, const std::string& kept)>;

/// For whoever may start Redis, while it does not run.
class redis_files {
 public:
  /// `directory`: Redis's working directory; it exists.
  redis_files(std::string directory, redis_files_told told);

  /// Before a start: sets aside what Redis wrote while its disk was full, when it ended before that was made
  /// anew. Errors: store_unavailable.
  result<void> prepare() const;
  /// After a start that failed: whether `log`, what Redis said, blames its files; then they are set aside,
  /// and another start is worth it. Errors: store_unavailable.
  result<bool> mend(const std::string& log) const;

  /// Redis, which runs, could not write its file for a while, so that it may lack commands in the middle, or
  /// hold some twice. That is noted by an empty file, for which even a full disk has room.
  static void distrust(const std::string& directory);
  /// The file was made anew from memory.
  static void trust(const std::string& directory);

 private:
  result<void> set_aside(const std::string& why) const;
  void keep_newest() const;

  std::string directory_;
  redis_files_told told_;
};

/// When files were last set aside by this process, UTC milliseconds; 0 = never.
std::atomic<int64_t>& redis_files_set_aside_at();

}  // namespace pusher
