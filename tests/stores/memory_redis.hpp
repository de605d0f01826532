// A Redis in memory: the data types and commands that the journal uses, and its real Lua scripts, run by the
// interpreter that Redis has inside. For simulations, which need thousands of stores and their own clock; a
// contract test compares it with the real one reply by reply and key by key.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/clock.hpp"
#include "storage/redis.hpp"

namespace pusher::testing {

/// One stream with its consumer groups.
struct memory_stream {
  using id = std::pair<uint64_t, uint64_t>;
  struct pending_entry {
    std::string consumer;
    uint64_t deliveries = 0;
  };
  struct group {
    id last_delivered;
    std::map<id, pending_entry> pending;
    std::set<std::string> consumers;
  };
  std::map<id, std::vector<std::string>> entries;
  id last;
  std::map<std::string, group> groups;

  static std::string text_of(id value);
  /// `-` and `+` are the ends.
  static id parse(const std::string& text);
};

class memory_redis {
 public:
  using text = std::string;
  using hash = std::map<std::string, std::string>;
  using list = std::deque<std::string>;
  using set = std::set<std::string>;
  using sorted_set = std::map<std::string, double>;
  using value = std::variant<text, hash, list, set, sorted_set, memory_stream>;

  explicit memory_redis(std::function<utc_ms()> clock) : clock_(std::move(clock)) {}

  /// A command, or `EVALSHA` with a script's name in the place of its digest.
  redis_reply call(const redis_arguments& command);

  /// Streams' new entries get these ids. The one that is 0-0 stands for one that the clock makes.
  void give_ids(std::function<memory_stream::id(const std::string& stream)> from) { ids_ = std::move(from); }

  /// Changes the text of a script: what was there is left out. For tests that show what a rule is good for.
  void without(const std::string& script, const std::string& rule);

  /// Null when there is none of this type.
  template <class Type>
  const Type* find(const std::string& key) const {
    auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : std::get_if<Type>(&found->second);
  }
  const std::map<std::string, value>& keys() const { return keys_; }
  void clear();

 private:
  friend class memory_scripts;
  friend struct memory_commands;
  friend struct memory_stream_commands;

  template <class Type>
  Type& get(const std::string& key) {
    return std::get<Type>(keys_.try_emplace(key, Type()).first->second);
  }
  void expire();
  void drop_if_empty(const std::string& key);

  std::function<utc_ms()> clock_;
  std::function<memory_stream::id(const std::string& stream)> ids_;
  std::map<std::string, value> keys_;
  std::map<std::string, utc_ms> expires_;
  std::map<std::string, std::string> changed_;  ///< texts of scripts
};

// What the parts of it share.
using memory_command = redis_reply (*)(memory_redis&, const redis_arguments&);
const std::map<std::string, memory_command>& memory_stream_command_table();
/// Runs a script of the journal. A failure when Lua raises one.
redis_reply run_script(memory_redis& on, const std::string& text, const redis_arguments& command);

redis_reply reply_nil();
redis_reply reply_number(long long value);
redis_reply reply_text(std::string value);
redis_reply reply_list(std::vector<redis_reply> items = {});
redis_reply reply_failure(std::string what);

}  // namespace pusher::testing
