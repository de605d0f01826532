// The streams of the Redis in memory.
#include <cstdlib>

#include "tests/stores/memory_redis.hpp"

namespace pusher::testing {

std::string memory_stream::text_of(id value) {
  return std::to_string(value.first) + "-" + std::to_string(value.second);
}

memory_stream::id memory_stream::parse(const std::string& text) {
  if (text == "-") return {0, 0};
  if (text == "+") return {UINT64_MAX, UINT64_MAX};
  auto cut = text.find('-');
  auto first = std::strtoull(text.c_str(), nullptr, 10);
  if (cut == std::string::npos) return {first, 0};
  return {first, std::strtoull(text.c_str() + cut + 1, nullptr, 10)};
}

struct memory_stream_commands {
  using arguments = redis_arguments;
  using id = memory_stream::id;

  static redis_reply entry(id at, const std::vector<std::string>& fields) {
    auto values = reply_list();
    for (const auto& each : fields)
      values.items.push_back(reply_text(each));
    return reply_list({reply_text(memory_stream::text_of(at)), std::move(values)});
  }
  static memory_stream* stream(memory_redis& db, const std::string& key) {
    return db.find<memory_stream>(key) ? &db.get<memory_stream>(key) : nullptr;
  }
  static memory_stream::group* group(memory_redis& db, const std::string& key, const std::string& name) {
    auto* in = stream(db, key);
    auto found = in ? in->groups.find(name) : std::map<std::string, memory_stream::group>::iterator();
    return in && found != in->groups.end() ? &found->second : nullptr;
  }
  static redis_reply no_group(const std::string& key, const std::string& name) {
    return reply_failure("NOGROUP No such key '" + key + "' or consumer group '" + name + "'");
  }

  static redis_reply xadd(memory_redis& db, const arguments& of) {
    auto& into = db.get<memory_stream>(of[1]);
    auto next = db.ids_ ? db.ids_(of[1]) : id();
    if (next == id()) next = {static_cast<uint64_t>(db.clock_()), 0};
    if (!(into.last < next)) next = {into.last.first, into.last.second + 1};
    into.last = next;
    into.entries[next].assign(of.begin() + 3, of.end());
    return reply_text(memory_stream::text_of(next));
  }
  static redis_reply xlen(memory_redis& db, const arguments& of) {
    auto* in = stream(db, of[1]);
    return reply_number(in ? static_cast<long long>(in->entries.size()) : 0);
  }
  static redis_reply xrange(memory_redis& db, const arguments& of) {
    auto made = reply_list();
    auto* in = stream(db, of[1]);
    if (!in) return made;
    auto last = memory_stream::parse(of[3]);
    for (auto at = in->entries.lower_bound(memory_stream::parse(of[2]));
         at != in->entries.end() && at->first <= last; ++at)
      made.items.push_back(entry(at->first, at->second));
    return made;
  }
  static redis_reply xdel(memory_redis& db, const arguments& of) {
    long long gone = 0;
    if (auto* in = stream(db, of[1]))
      for (size_t i = 2; i < of.size(); ++i)
        gone += static_cast<long long>(in->entries.erase(memory_stream::parse(of[i])));
    return reply_number(gone);
  }
  static redis_reply xack(memory_redis& db, const arguments& of) {
    long long gone = 0;
    if (auto* in = group(db, of[1], of[2]))
      for (size_t i = 3; i < of.size(); ++i)
        gone += static_cast<long long>(in->pending.erase(memory_stream::parse(of[i])));
    return reply_number(gone);
  }
  static redis_reply xgroup(memory_redis& db, const arguments& of) {
    if (of[1] == "CREATE") {
      auto& in = db.get<memory_stream>(of[2]);
      if (!in.groups.try_emplace(of[3]).second)
        return reply_failure("BUSYGROUP Consumer Group name already exists");
      return reply_text("OK");
    }
    auto* in = group(db, of[2], of[3]);
    if (!in) return no_group(of[2], of[3]);
    long long lost = 0;
    for (auto at = in->pending.begin(); at != in->pending.end();) {
      bool theirs = at->second.consumer == of[4];
      lost += theirs ? 1 : 0;
      at = theirs ? in->pending.erase(at) : std::next(at);
    }
    in->consumers.erase(of[4]);
    return reply_number(lost);
  }
  /// GROUP group consumer COUNT n STREAMS key >
  static redis_reply xreadgroup(memory_redis& db, const arguments& of) {
    auto* in = group(db, of[7], of[2]);
    if (!in) return no_group(of[7], of[2]);
    in->consumers.insert(of[3]);
    auto& entries = stream(db, of[7])->entries;
    auto made = reply_list();
    auto at = entries.upper_bound(in->last_delivered);
    for (auto left = std::atoll(of[5].c_str()); left > 0 && at != entries.end(); --left, ++at) {
      in->pending[at->first] = {of[3], 1};
      in->last_delivered = at->first;
      made.items.push_back(entry(at->first, at->second));
    }
    if (made.items.empty()) return reply_nil();
    return reply_list({reply_list({reply_text(of[7]), std::move(made)})});
  }
  /// key group start end count [consumer]; nobody looks at how long an entry was idle.
  static redis_reply xpending(memory_redis& db, const arguments& of) {
    auto* in = group(db, of[1], of[2]);
    if (!in) return no_group(of[1], of[2]);
    auto made = reply_list();
    auto last = memory_stream::parse(of[4]);
    auto most = static_cast<size_t>(std::atoll(of[5].c_str()));
    for (auto at = in->pending.lower_bound(memory_stream::parse(of[3]));
         at != in->pending.end() && at->first <= last && made.items.size() < most; ++at) {
      if (of.size() > 6 && at->second.consumer != of[6]) continue;
      made.items.push_back(
          reply_list({reply_text(memory_stream::text_of(at->first)), reply_text(at->second.consumer),
                      reply_number(0), reply_number(static_cast<long long>(at->second.deliveries))}));
    }
    return made;
  }
  static redis_reply xinfo(memory_redis& db, const arguments& of) {
    auto* in = group(db, of[2], of[3]);
    if (!in) return no_group(of[2], of[3]);
    auto made = reply_list();
    for (const auto& name : in->consumers) {
      long long pending = 0;
      for (const auto& [at, each] : in->pending)
        pending += each.consumer == name ? 1 : 0;
      made.items.push_back(reply_list({reply_text("name"), reply_text(name), reply_text("pending"),
                                       reply_number(pending), reply_text("idle"), reply_number(0)}));
    }
    return made;
  }
  /// key group consumer 0 id RETRYCOUNT n
  static redis_reply xclaim(memory_redis& db, const arguments& of) {
    auto* in = group(db, of[1], of[2]);
    if (!in) return no_group(of[1], of[2]);
    auto at = memory_stream::parse(of[5]);
    auto found = in->pending.find(at);
    auto& entries = stream(db, of[1])->entries;
    if (found == in->pending.end()) return reply_list();
    if (entries.count(at) == 0) {
      in->pending.erase(found);
      return reply_list();
    }
    in->consumers.insert(of[3]);
    found->second = {of[3], std::strtoull(of[7].c_str(), nullptr, 10)};
    return reply_list({entry(at, entries.at(at))});
  }
};

const std::map<std::string, memory_command>& memory_stream_command_table() {
  using c = memory_stream_commands;
  static const std::map<std::string, memory_command> table{
      {"XADD", c::xadd},         {"XLEN", c::xlen},     {"XRANGE", c::xrange}, {"XDEL", c::xdel},
      {"XACK", c::xack},         {"XGROUP", c::xgroup}, {"XINFO", c::xinfo},   {"XREADGROUP", c::xreadgroup},
      {"XPENDING", c::xpending}, {"XCLAIM", c::xclaim},
  };
  return table;
}

}  // namespace pusher::testing
