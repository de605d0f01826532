#include "storage/append_only_file.hpp"

#include <cstdlib>

#include "storage/redis_files.hpp"

namespace pusher {

namespace {

bool says(const std::string& facts, const char* line) {
  return facts.find(line) != std::string::npos;
}

uint64_t number_of(const std::string& facts, const std::string& name) {
  auto at = facts.find(name);
  return at == std::string::npos ? 0 : std::strtoull(facts.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

result<append_only_file::step> append_only_file::look() {
  auto replies = redis_.pipeline({{"INFO", "persistence"}, {"INFO", "errorstats"}});
  if (!replies) return replies.failure();
  for (const auto& each : *replies)
    if (each.type == redis_reply::kind::failure)
      return error{errc::journal_unavailable, "Redis: INFO: " + each.text, "", 1};
  const auto& facts = replies->front().text;
  if (!says(facts, "aof_enabled:1")) return step::nothing;
  auto refusals = number_of(replies->back().text, "errorstat_MISCONF:count=");
  // Redis was started anew: it has loaded its file, for better or worse.
  if (refusals < refusals_covered_) refusals_covered_ = 0;
  if (refusals == refusals_covered_) return step::nothing;
  // A rewrite that began while the disk was full is no cure: only one that begins now.
  auto rewrites = number_of(facts, "aof_rewrites:");
  if (refusals != refusals_seen_ || says(facts, "aof_last_write_status:err")) {
    refusals_seen_ = refusals;
    rewrites_seen_ = rewrites;
    return noted(step::waits);
  }
  if (says(facts, "aof_rewrite_in_progress:1") || says(facts, "aof_rewrite_scheduled:1")) return step::waits;
  if (rewrites > rewrites_seen_ && says(facts, "aof_last_bgrewrite_status:ok")) {
    refusals_covered_ = refusals;
    return noted(step::mended);
  }
  auto asked = redis_.command({"BGREWRITEAOF"});
  if (!asked) return asked.failure();
  return step::begun;
}

append_only_file::step append_only_file::noted(step found) const {
  if (directory_.empty()) return found;
  found == step::mended ? redis_files::trust(directory_) : redis_files::distrust(directory_);
  return found;
}

}  // namespace pusher
