// A connection to Redis leads to the simulation's: this file stands in the place of storage/redis.cpp.
#include "storage/redis.hpp"

#include <algorithm>
#include <iterator>

#include "tests/simulation/simulation.hpp"

namespace pusher {

struct redis::context {};

// The simulation's Redis never loses its journal, and calls scripts by their names.
std::string digest_of(std::string_view script) {
  return std::string(script);
}
std::string journal_pledge::voucher() const {
  return run_id;
}
error lost_journal(const std::string& why) {
  return {errc::journal_lost, why, "", 10};
}

redis::redis(redis_settings endpoint, std::optional<journal_pledge> pledge)
    : endpoint_(std::move(endpoint)), pledge_(std::move(pledge)) {}
redis::~redis() = default;
void redis::drop() {}
void redis::pledge(journal_pledge to) {
  pledge_ = std::move(to);
}

result<redis_reply> redis::command(const redis_arguments& arguments) {
  auto replies = pipeline({arguments});
  if (!replies) return replies.failure();
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::failure) return error{errc::journal_unavailable, reply.text, "", 1};
  return std::move(reply);
}

result<std::vector<redis_reply>> redis::pipeline(const std::vector<redis_arguments>& commands) {
  // The voucher of a journal that is never lost.
  if (commands.size() == 1 && commands.front().front() == "SCRIPT") {
    redis_reply loaded;
    loaded.type = redis_reply::kind::text;
    return std::vector<redis_reply>{loaded};
  }
  return testing::simulation::current().ask_redis(commands);
}

redis_arguments redis::call(const redis_script& script, std::vector<std::string> keys,
                            std::vector<std::string> arguments) {
  redis_arguments command{"EVALSHA", script.name, std::to_string(keys.size())};
  command.reserve(command.size() + keys.size() + arguments.size());
  std::move(keys.begin(), keys.end(), std::back_inserter(command));
  std::move(arguments.begin(), arguments.end(), std::back_inserter(command));
  return command;
}

}  // namespace pusher
