// Looks after Redis's append-only file when its disk was full. Redis 7.0 may then leave a file that it cannot
// load again, or that holds some commands twice: what it kept back while it could not write goes into
// whichever file is the newest by then (a rewrite that begins meanwhile opens another). In memory all is
// well; so once there is room, a rewrite makes the file anew from there, before anybody needs it. Of an
// embedded Redis that dies before that, the file is not used any more.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "storage/redis.hpp"

namespace pusher {

/// Not thread-safe; a connection of its own.
class append_only_file {
 public:
  /// `directory`: where an embedded Redis works; empty = it is not embedded.
  explicit append_only_file(const redis_settings& endpoint, std::string directory = "")
      : redis_(endpoint), directory_(std::move(directory)) {}

  enum class step {
    nothing,  ///< it is well, or not in use
    waits,    ///< its disk is full, or a rewrite is under way
    begun,    ///< a rewrite was begun
    mended    ///< a rewrite has ended well
  };
  /// To be called now and then, by the leader. That writes were refused is told by Redis's own count of such
  /// errors, so that nothing is missed between two looks. Errors: journal_unavailable.
  result<step> look();

 private:
  step noted(step found) const;

  redis redis_;
  std::string directory_;
  uint64_t refusals_covered_ = 0;  ///< MISCONF errors that Redis had counted before the last good rewrite
  uint64_t refusals_seen_ = 0;     ///< at the last look
  uint64_t rewrites_seen_ = 0;     ///< how many rewrites it had begun when writes were last refused
};

}  // namespace pusher
