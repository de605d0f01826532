// The part of the journal that operators ask. Nothing in it changes anything.
#include <cstdlib>
#include <cstring>

#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"

namespace pusher {

result<journal::depths> journal::measure() {
  auto names = queues();
  if (!names) return names.failure();
  std::vector<redis_arguments> commands{
      {"XLEN", keys_.results}, {"ZCARD", keys_.later}, {"XLEN", keys_.dead_letters}};
  for (const auto& name : *names)
    commands.push_back({"XLEN", keys_.push(name)});
  auto replies = redis_.pipeline(commands);
  if (!replies) return replies.failure();
  depths found{number_in((*replies)[0]), number_in((*replies)[1]), number_in((*replies)[2]), 0};
  for (size_t i = 3; i < replies->size(); ++i)
    found.push += number_in((*replies)[i]);
  return found;
}

result<unsigned> journal::memory_percent() {
  auto reply = redis_.command({"INFO", "memory"});
  if (!reply) return reply.failure();
  auto value_of = [&](const char* name) {
    auto at = reply->text.find(std::string("\n") + name + ":");
    return at == std::string::npos
               ? 0
               : std::strtoull(reply->text.c_str() + at + std::strlen(name) + 2, nullptr, 10);
  };
  auto limit = value_of("maxmemory");
  if (limit == 0) limit = value_of("total_system_memory");
  return limit == 0 ? 0U : static_cast<unsigned>(value_of("used_memory") * 100 / limit);
}

result<int64_t> journal::pending(notification_key key) {
  auto reply = redis_.command({"HGET", keys_.pending, std::to_string(key.value)});
  if (!reply) return reply.failure();
  return reply->is_nil() ? int64_t{0} : static_cast<int64_t>(std::strtoll(reply->text.c_str(), nullptr, 10));
}

}  // namespace pusher
