#include "tests/stores/memory_redis.hpp"

#include <algorithm>
#include <cstdlib>

#include "storage/journal_scripts.hpp"

namespace pusher::testing {

redis_reply reply_nil() {
  return {};
}
redis_reply reply_number(long long value) {
  redis_reply made;
  made.type = redis_reply::kind::integer;
  made.integer = value;
  return made;
}
redis_reply reply_text(std::string value) {
  redis_reply made;
  made.type = redis_reply::kind::text;
  made.text = std::move(value);
  return made;
}
redis_reply reply_list(std::vector<redis_reply> items) {
  redis_reply made;
  made.type = redis_reply::kind::list;
  made.items = std::move(items);
  return made;
}
redis_reply reply_failure(std::string what) {
  auto made = reply_text(std::move(what));
  made.type = redis_reply::kind::failure;
  return made;
}

namespace {

std::string text_of(double score) {
  return std::to_string(static_cast<long long>(score));
}

redis_reply texts(const std::vector<std::string>& values) {
  auto made = reply_list();
  for (const auto& each : values)
    made.items.push_back(reply_text(each));
  return made;
}

}  // namespace

/// The commands of all types but streams. Arguments are counted as Redis counts them: the name is the first.
struct memory_commands {
  using arguments = redis_arguments;

  static redis_reply ping(memory_redis&, const arguments&) { return reply_text("PONG"); }
  static redis_reply time(memory_redis& db, const arguments&) {
    auto now = db.clock_();
    return texts({std::to_string(now / 1000), std::to_string(now % 1000 * 1000)});
  }

  // -- keys and texts --

  static redis_reply exists(memory_redis& db, const arguments& of) {
    return reply_number(static_cast<long long>(db.keys_.count(of[1])));
  }
  static redis_reply del(memory_redis& db, const arguments& of) {
    long long gone = 0;
    for (size_t i = 1; i < of.size(); ++i) {
      gone += static_cast<long long>(db.keys_.erase(of[i]));
      db.expires_.erase(of[i]);
    }
    return reply_number(gone);
  }
  static redis_reply get(memory_redis& db, const arguments& of) {
    const auto* found = db.find<memory_redis::text>(of[1]);
    return found ? reply_text(*found) : reply_nil();
  }
  static redis_reply mget(memory_redis& db, const arguments& of) {
    auto made = reply_list();
    for (size_t i = 1; i < of.size(); ++i)
      made.items.push_back(get(db, {"GET", of[i]}));
    return made;
  }
  static redis_reply set(memory_redis& db, const arguments& of) {
    db.keys_[of[1]] = of[2];
    db.expires_.erase(of[1]);
    if (of.size() > 4 && of[3] == "PX") db.expires_[of[1]] = db.clock_() + std::atoll(of[4].c_str());
    return reply_text("OK");
  }
  static redis_reply incr(memory_redis& db, const arguments& of) {
    const auto* found = db.find<memory_redis::text>(of[1]);
    auto value = found ? std::atoll(found->c_str()) + 1 : 1;
    db.keys_[of[1]] = std::to_string(value);
    return reply_number(value);
  }
  static redis_reply pexpire(memory_redis& db, const arguments& of) {
    if (db.keys_.count(of[1]) == 0) return reply_number(0);
    db.expires_[of[1]] = db.clock_() + std::atoll(of[2].c_str());
    return reply_number(1);
  }
  static redis_reply pttl(memory_redis& db, const arguments& of) {
    if (!db.find<memory_redis::text>(of[1])) return reply_number(-2);
    auto ends = db.expires_.find(of[1]);
    return reply_number(ends == db.expires_.end() ? -1 : ends->second - db.clock_());
  }

  // -- hashes --

  static redis_reply field(const memory_redis::hash* in, const std::string& name) {
    if (!in) return reply_nil();
    auto found = in->find(name);
    return found == in->end() ? reply_nil() : reply_text(found->second);
  }
  static redis_reply hget(memory_redis& db, const arguments& of) {
    return field(db.find<memory_redis::hash>(of[1]), of[2]);
  }
  static redis_reply hmget(memory_redis& db, const arguments& of) {
    const auto* in = db.find<memory_redis::hash>(of[1]);
    auto made = reply_list();
    for (size_t i = 2; i < of.size(); ++i)
      made.items.push_back(field(in, of[i]));
    return made;
  }
  static redis_reply hgetall(memory_redis& db, const arguments& of) {
    auto made = reply_list();
    if (const auto* in = db.find<memory_redis::hash>(of[1]))
      for (const auto& [name, value] : *in) {
        made.items.push_back(reply_text(name));
        made.items.push_back(reply_text(value));
      }
    return made;
  }
  static redis_reply hset(memory_redis& db, const arguments& of) {
    auto& into = db.get<memory_redis::hash>(of[1]);
    long long fresh = 0;
    for (size_t i = 2; i + 1 < of.size(); i += 2)
      fresh += into.insert_or_assign(of[i], of[i + 1]).second ? 1 : 0;
    return reply_number(fresh);
  }
  static redis_reply hsetnx(memory_redis& db, const arguments& of) {
    return reply_number(db.get<memory_redis::hash>(of[1]).emplace(of[2], of[3]).second ? 1 : 0);
  }
  static redis_reply hincrby(memory_redis& db, const arguments& of) {
    auto& value = db.get<memory_redis::hash>(of[1])[of[2]];
    auto sum = std::atoll(value.c_str()) + std::atoll(of[3].c_str());
    value = std::to_string(sum);
    return reply_number(sum);
  }
  static redis_reply hdel(memory_redis& db, const arguments& of) {
    if (!db.find<memory_redis::hash>(of[1])) return reply_number(0);
    auto& from = db.get<memory_redis::hash>(of[1]);
    long long gone = 0;
    for (size_t i = 2; i < of.size(); ++i)
      gone += static_cast<long long>(from.erase(of[i]));
    db.drop_if_empty(of[1]);
    return reply_number(gone);
  }

  // -- lists and sets --

  static redis_reply rpush(memory_redis& db, const arguments& of) {
    auto& into = db.get<memory_redis::list>(of[1]);
    into.insert(into.end(), of.begin() + 2, of.end());
    return reply_number(static_cast<long long>(into.size()));
  }
  static redis_reply lpop(memory_redis& db, const arguments& of) {
    if (!db.find<memory_redis::list>(of[1])) return reply_nil();
    auto& from = db.get<memory_redis::list>(of[1]);
    auto made = reply_list();
    for (auto left = std::atoll(of[2].c_str()); left > 0 && !from.empty(); --left) {
      made.items.push_back(reply_text(from.front()));
      from.pop_front();
    }
    db.drop_if_empty(of[1]);
    return made;
  }
  static redis_reply llen(memory_redis& db, const arguments& of) {
    const auto* in = db.find<memory_redis::list>(of[1]);
    return reply_number(in ? static_cast<long long>(in->size()) : 0);
  }
  static redis_reply sadd(memory_redis& db, const arguments& of) {
    return reply_number(db.get<memory_redis::set>(of[1]).insert(of[2]).second ? 1 : 0);
  }
  static redis_reply smembers(memory_redis& db, const arguments& of) {
    const auto* in = db.find<memory_redis::set>(of[1]);
    return in ? texts({in->begin(), in->end()}) : reply_list();
  }

  // -- sorted sets: scores are whole numbers --

  static std::vector<std::pair<double, std::string>> in_order(memory_redis& db, const std::string& key) {
    std::vector<std::pair<double, std::string>> members;
    if (const auto* in = db.find<memory_redis::sorted_set>(key))
      for (const auto& [name, score] : *in)
        members.emplace_back(score, name);
    std::sort(members.begin(), members.end());
    return members;
  }
  static redis_reply zadd(memory_redis& db, const arguments& of) {
    bool only_known = of[2] == "XX";
    const auto& name = of[only_known ? 4 : 3];
    auto score = std::strtod(of[only_known ? 3 : 2].c_str(), nullptr);
    const auto* in = db.find<memory_redis::sorted_set>(of[1]);
    bool known = in && in->count(name) > 0;
    if (known || !only_known) db.get<memory_redis::sorted_set>(of[1])[name] = score;
    return reply_number(known || only_known ? 0 : 1);
  }
  static redis_reply zrem(memory_redis& db, const arguments& of) {
    if (!db.find<memory_redis::sorted_set>(of[1])) return reply_number(0);
    auto gone = db.get<memory_redis::sorted_set>(of[1]).erase(of[2]);
    db.drop_if_empty(of[1]);
    return reply_number(static_cast<long long>(gone));
  }
  /// From -inf.
  static redis_reply zrangebyscore(memory_redis& db, const arguments& of) {
    auto highest = std::strtod(of[3].c_str(), nullptr);
    auto most = static_cast<size_t>(std::atoll(of[6].c_str()));
    auto made = reply_list();
    for (const auto& [score, name] : in_order(db, of[1]))
      if (score <= highest && made.items.size() < most) made.items.push_back(reply_text(name));
    return made;
  }
  /// The first, with its score.
  static redis_reply zrange(memory_redis& db, const arguments& of) {
    auto members = in_order(db, of[1]);
    if (members.empty()) return reply_list();
    return texts({members.front().second, text_of(members.front().first)});
  }
  /// All at once, by a pattern that ends in `*`.
  static redis_reply zscan(memory_redis& db, const arguments& of) {
    auto prefix = of[4].substr(0, of[4].size() - 1);
    std::vector<std::string> found;
    for (const auto& [score, name] : in_order(db, of[1]))
      if (name.rfind(prefix, 0) == 0) {
        found.push_back(name);
        found.push_back(text_of(score));
      }
    return reply_list({reply_text("0"), texts(found)});
  }

  static redis_reply evalsha(memory_redis& db, const arguments& of) {
    if (auto changed = db.changed_.find(of[1]); changed != db.changed_.end())
      return run_script(db, changed->second, of);
    static const auto texts = [] {
      std::map<std::string, std::string> made;
      for (const auto* each : scripts::all)
        made.emplace(each->name, each->text);
      return made;
    }();
    auto known = texts.find(of[1]);
    return known == texts.end() ? reply_failure("NOSCRIPT No matching script")
                                : run_script(db, known->second, of);
  }
};

redis_reply memory_redis::call(const redis_arguments& command) {
  using c = memory_commands;
  static const std::map<std::string, memory_command> table{
      {"PING", c::ping},         {"TIME", c::time},
      {"EXISTS", c::exists},     {"DEL", c::del},
      {"UNLINK", c::del},        {"GET", c::get},
      {"MGET", c::mget},         {"SET", c::set},
      {"INCR", c::incr},         {"PEXPIRE", c::pexpire},
      {"PTTL", c::pttl},         {"HGET", c::hget},
      {"HMGET", c::hmget},       {"HGETALL", c::hgetall},
      {"HSET", c::hset},         {"HSETNX", c::hsetnx},
      {"HINCRBY", c::hincrby},   {"HDEL", c::hdel},
      {"RPUSH", c::rpush},       {"LPOP", c::lpop},
      {"LLEN", c::llen},         {"SADD", c::sadd},
      {"SMEMBERS", c::smembers}, {"ZADD", c::zadd},
      {"ZREM", c::zrem},         {"ZRANGEBYSCORE", c::zrangebyscore},
      {"ZRANGE", c::zrange},     {"ZSCAN", c::zscan},
      {"EVALSHA", c::evalsha},
  };
  expire();
  for (const auto* each : {&table, &memory_stream_command_table()})
    if (auto found = each->find(command.front()); found != each->end()) return found->second(*this, command);
  return reply_failure("ERR the Redis in memory does not know " + command.front());
}

void memory_redis::without(const std::string& script, const std::string& rule) {
  for (const auto* each : scripts::all) {
    if (each->name != script) continue;
    auto& changed = changed_.try_emplace(script, each->text).first->second;
    if (auto at = changed.find(rule); at != std::string::npos) changed.erase(at, rule.size());
  }
}

void memory_redis::clear() {
  keys_.clear();
  expires_.clear();
}

void memory_redis::expire() {
  if (expires_.empty()) return;
  auto now = clock_();
  for (auto at = expires_.begin(); at != expires_.end();) {
    if (at->second > now) {
      ++at;
      continue;
    }
    keys_.erase(at->first);
    at = expires_.erase(at);
  }
}

void memory_redis::drop_if_empty(const std::string& key) {
  auto found = keys_.find(key);
  if (found == keys_.end()) return;
  bool empty = std::visit(
      [](const auto& of) {
        if constexpr (std::is_same_v<std::decay_t<decltype(of)>, memory_stream>)
          return false;  // a stream stays, with its groups
        else
          return of.empty();
      },
      found->second);
  if (empty) keys_.erase(found);
}

}  // namespace pusher::testing
