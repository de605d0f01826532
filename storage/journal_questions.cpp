// The part of the journal that operators ask. Nothing in it changes anything.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

void add_queue(journal::depths& to, const std::string& name, const journal::backlog& what) {
  to.push += what.entries;
  to.push_oldest_ms = std::max(to.push_oldest_ms, what.oldest_ms);
  auto queue = push_queue::parse(name);
  if (!queue) return;
  auto& sum = to.queues[{queue->gateway, queue->lane}];
  sum.entries += what.entries;
  sum.oldest_ms = std::max(sum.oldest_ms, what.oldest_ms);
}

void add_place(journal::depths& to, const std::string& name, const journal::backlog& what) {
  const std::string of_queue = "push:";
  auto set = [&](uint64_t& entries, uint64_t& oldest_ms) {
    entries = what.entries;
    oldest_ms = what.oldest_ms;
  };
  if (name.rfind(of_queue, 0) == 0) return add_queue(to, name.substr(of_queue.size()), what);
  if (name == "results") return set(to.results, to.results_oldest_ms);
  if (name == "launches") return set(to.launches, to.launches_oldest_ms);
  if (name == "dead_letters") return set(to.dead_letters, to.dead_letters_oldest_ms);
  if (name == "later") return set(to.later, to.later_overdue_ms);
}

}  // namespace

result<journal::depths> journal::measure() {
  auto reply =
      run(scripts::measure, {keys_.queues, keys_.results, keys_.launches, keys_.dead_letters, keys_.later},
          {keys_.push_prefix, keys::result_group, keys::launch_group, keys::sender_group});
  if (!reply) return reply.failure();
  depths found;
  for (size_t i = 1; i + 2 < reply->items.size(); i += 3)
    add_place(found, reply->items[i].text, {number_in(reply->items[i + 1]), number_in(reply->items[i + 2])});
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
