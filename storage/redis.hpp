// One connection to Redis: connects when first used, loads our scripts, and is thrown away after any failure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// A reply by value.
struct redis_reply {
  enum class kind : uint8_t { nil, integer, text, list, failure };
  kind type = kind::nil;
  long long integer = 0;
  std::string text;  ///< text or the failure's message
  std::vector<redis_reply> items;

  bool is_nil() const { return type == kind::nil; }
};

/// A Lua script; see storage/scripts/.
struct redis_script {
  const char* name;
  const char* text;
};

using redis_arguments = std::vector<std::string>;

/// Which journal a connection is for. It opens only where that one is, and somebody has vouched for it since
/// Redis was started: a Redis that came back may have come back with older data. The voucher is a script in
/// Redis's cache, because that is what every start and fail-over empties.
struct journal_pledge {
  std::string run_key;
  std::string run_id;

  /// The voucher's text; it is there to be there, nobody calls it.
  std::string voucher() const;
};

/// What a script is called by in Redis.
std::string digest_of(std::string_view script);

error lost_journal(const std::string& why);

/// Not thread-safe: each actor or thread owns its own. Errors of every call: journal_unavailable, and with a
/// pledge journal_lost. After a time-out the outcome of the command is unknown.
class redis {
 public:
  explicit redis(redis_settings endpoint, std::optional<journal_pledge> pledge = std::nullopt);
  ~redis();
  redis(const redis&) = delete;
  redis& operator=(const redis&) = delete;

  result<redis_reply> command(const redis_arguments& arguments);
  /// Sends all commands before it reads the first reply; one reply per command, in order. An error reply of
  /// one command is returned in its place and does not fail the call.
  result<std::vector<redis_reply>> pipeline(const std::vector<redis_arguments>& commands);

  /// The command that calls a script.
  static redis_arguments call(const redis_script& script, std::vector<std::string> keys,
                              std::vector<std::string> arguments);

  void drop();
  /// Is for this journal from the next connection on.
  void pledge(journal_pledge to);
  /// While it stays, a connection that has ended is not made again: all commands are for one and the same
  /// run of the server, or fail.
  void stay(bool staying) { staying_ = staying; }

 private:
  struct context;
  result<void> open();
  result<void> greet();
  result<void> check_pledge(const redis_reply& run, const redis_reply& vouched);
  error failure(const char* doing);

  redis_settings endpoint_;
  std::optional<journal_pledge> pledge_;
  std::unique_ptr<context> context_;
  bool opening_ = false;  ///< the greeting goes through pipeline() too
  bool staying_ = false;
};

}  // namespace pusher
