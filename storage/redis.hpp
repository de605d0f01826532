// One connection to Redis: connects when first used, loads our scripts, and is thrown away after any failure.
#pragma once

#include <memory>
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

/// Not thread-safe: each actor or thread owns its own. Errors of every call: journal_unavailable. After a
/// time-out the outcome of the command is unknown.
class redis {
 public:
  explicit redis(redis_settings endpoint);
  ~redis();
  redis(const redis&) = delete;
  redis& operator=(const redis&) = delete;

  result<redis_reply> command(const redis_arguments& arguments);
  /// Sends all commands before it reads the first reply; one reply per command, in order. An error reply of
  /// one command is returned in its place and does not fail the call.
  result<std::vector<redis_reply>> pipeline(const std::vector<redis_arguments>& commands);

  /// The command that calls a script.
  static redis_arguments call(const redis_script& script, const std::vector<std::string>& keys,
                              const std::vector<std::string>& arguments);

  void drop();

 private:
  struct context;
  result<void> open();
  error failure(const char* doing);

  redis_settings endpoint_;
  std::unique_ptr<context> context_;
  bool opening_ = false;  ///< the greeting goes through pipeline() too
};

}  // namespace pusher
