// What the journal's parts read in Redis's replies.
#pragma once

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "storage/journal.hpp"
#include "storage/redis.hpp"

namespace pusher {

/// 0 where there is none.
inline uint64_t number_in(const redis_reply& reply) {
  if (reply.type == redis_reply::kind::integer) return static_cast<uint64_t>(reply.integer);
  uint64_t value = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), value);
  return value;
}

/// The texts of a list from the item `first` on.
inline std::vector<std::string> texts_in(redis_reply reply, size_t first = 0) {
  std::vector<std::string> texts;
  for (size_t i = first; i < reply.items.size(); ++i)
    texts.push_back(std::move(reply.items[i].text));
  return texts;
}

/// Of a step that a script may refuse.
inline commit_status status_in(const redis_reply& reply) {
  const auto& said = reply.items.front().text;
  if (said == "held") return commit_status::held;
  return said == "fenced" ? commit_status::fenced : commit_status::done;
}

}  // namespace pusher
