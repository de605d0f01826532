#include "storage/journal_survey.hpp"

#include <algorithm>
#include <cstdlib>

#include "model/clock.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr size_t most_queues = 200;
constexpr size_t entries_per_read = 100;
constexpr size_t most_reads = 50;  // of one stream
constexpr size_t most_held = 10'000;

uint64_t number(const redis_reply& from) {
  if (from.type == redis_reply::kind::integer) return static_cast<uint64_t>(from.integer);
  return std::strtoull(from.text.c_str(), nullptr, 10);
}

error failure_of(const redis_reply& from) {
  return {errc::journal_unavailable, "Redis: " + from.text, "", 1};
}

uint64_t age_of(const std::string& entry) {
  auto at = static_cast<utc_ms>(std::strtoull(entry.c_str(), nullptr, 10));
  return static_cast<uint64_t>(std::max<utc_ms>(0, now_ms() - at));
}

stream_survey read_stream(const redis_reply& from, const std::string& queue) {
  stream_survey made;
  made.queue = queue;
  if (from.items.size() < 4) return made;
  made.depth = number(from.items[1]);
  made.oldest_ms = number(from.items[2]);
  made.claimed = number(from.items[3]);
  for (size_t i = 4; i < from.items.size(); ++i) {
    const auto& fields = from.items[i].items;
    if (fields.size() < 4) continue;
    made.owners.push_back({fields[0].text, number(fields[1]), fields[2].text == "1", number(fields[3])});
  }
  return made;
}

/// Targets of an entry of either kind that belong to the notification and are not done.
uint64_t targets_in(const std::string& body, const std::string& progress, notification_key key) {
  if (auto batch = decode_push_batch(body)) {
    if (batch->notification != key) return 0;
    uint64_t done = 0;
    if (!progress.empty())
      if (auto known = decode_batch_progress(progress))
        done = static_cast<uint64_t>(std::count(known->done.begin(), known->done.end(), true));
    return batch->targets.size() - std::min<uint64_t>(done, batch->targets.size());
  }
  auto results = decode_result_batch(body);
  return results && results->notification == key ? results->results.size() : 0;
}

const redis_reply* field_of(const redis_reply& entry, const char* name) {
  if (entry.items.size() < 2) return nullptr;
  const auto& fields = entry.items[1].items;
  for (size_t i = 0; i + 1 < fields.size(); i += 2)
    if (fields[i].text == name) return &fields[i + 1];
  return nullptr;
}

/// What stands behind the queue's name in a job that waits elsewhere.
std::string body_of_job(const std::string& job) {
  auto cut = job.find('\n');
  return cut == std::string::npos ? std::string() : job.substr(cut + 1);
}

}  // namespace

result<std::vector<std::string>> journal_survey::queue_names() {
  auto reply = redis_.command({"SMEMBERS", keys_.queues});
  if (!reply) return reply.failure();
  if (reply->type == redis_reply::kind::failure) return failure_of(*reply);
  std::vector<std::string> names;
  for (auto& each : reply->items)
    names.push_back(std::move(each.text));
  return names;
}

// -- streams --

result<streams_survey> journal_survey::streams() {
  auto names = queue_names();
  if (!names) return names.failure();
  std::vector<redis_arguments> commands;
  auto add = [&](const std::string& stream, const char* group) {
    commands.push_back(redis::call(scripts::survey_stream, {stream}, {group, keys_.heartbeat_prefix}));
  };
  add(keys_.results, keys::result_group);
  add(keys_.launches, keys::launch_group);
  for (const auto& name : *names)
    add(keys_.push(name), keys::sender_group);
  redis_arguments outstanding{"HMGET", keys_.outstanding};
  outstanding.insert(outstanding.end(), names->begin(), names->end());
  if (!names->empty()) commands.push_back(outstanding);
  auto replies = redis_.pipeline(commands);
  if (!replies) return replies.failure();
  if (replies->front().type == redis_reply::kind::failure) return failure_of(replies->front());

  streams_survey made;
  made.results = read_stream((*replies)[0], "");
  made.launches = read_stream((*replies)[1], "");
  for (size_t i = 0; i < names->size(); ++i) {
    auto each = read_stream((*replies)[i + 2], (*names)[i]);
    const auto& counts = replies->back().items;
    if (i < counts.size()) each.outstanding = number(counts[i]);
    if (each.depth == 0 && each.outstanding == 0)
      ++made.idle_queues;
    else
      made.queues.push_back(std::move(each));
  }
  std::sort(made.queues.begin(), made.queues.end(), [](const auto& a, const auto& b) {
    return a.depth != b.depth ? a.depth > b.depth : a.queue < b.queue;
  });
  if (made.queues.size() > most_queues) made.queues.resize(most_queues);
  if (auto rest = survey_rest(made); !rest) return rest.failure();
  return made;
}

result<void> journal_survey::survey_rest(streams_survey& into) {
  auto replies = redis_.pipeline({{"ZCARD", keys_.later},
                                  {"ZRANGE", keys_.later, "0", "0", "WITHSCORES"},
                                  {"XLEN", keys_.dead_letters},
                                  {"XRANGE", keys_.dead_letters, "-", "+", "COUNT", "1"},
                                  {"HGETALL", keys_.control}});
  if (!replies) return replies.failure();
  into.later = number((*replies)[0]);
  if (const auto& first = (*replies)[1].items; first.size() >= 2)
    into.later_overdue_ms =
        static_cast<uint64_t>(std::max<utc_ms>(0, now_ms() - static_cast<utc_ms>(number(first[1]))));
  into.dead_letters = number((*replies)[2]);
  if (const auto& first = (*replies)[3].items; !first.empty() && !first[0].items.empty())
    into.dead_letter_oldest_ms = age_of(first[0].items[0].text);
  std::vector<redis_arguments> lengths;
  const auto& controls = (*replies)[4].items;
  for (size_t i = 0; i + 1 < controls.size() && lengths.size() < most_held; i += 2) {
    if (controls[i].text == "version") continue;
    into.held.push_back({{number(controls[i])}, 0});
    lengths.push_back({"LLEN", keys_.held(into.held.back().notification)});
  }
  if (lengths.empty()) return {};
  auto held = redis_.pipeline(lengths);
  if (!held) return held.failure();
  for (size_t i = 0; i < held->size(); ++i)
    into.held[i].batches = number((*held)[i]);
  into.held.erase(
      std::remove_if(into.held.begin(), into.held.end(), [](const auto& each) { return each.batches == 0; }),
      into.held.end());
  return {};
}

// -- one notification --

result<std::vector<std::optional<int64_t>>> journal_survey::pending_of(
    const std::vector<notification_key>& keys) {
  std::vector<std::optional<int64_t>> found;
  if (keys.empty()) return found;
  redis_arguments command{"HMGET", keys_.pending};
  for (auto key : keys)
    command.push_back(std::to_string(key.value));
  auto reply = redis_.command(command);
  if (!reply) return reply.failure();
  if (reply->items.size() != keys.size()) return failure_of(*reply);
  for (const auto& each : reply->items)
    each.is_nil() ? found.emplace_back() : found.emplace_back(std::strtoll(each.text.c_str(), nullptr, 10));
  return found;
}

result<targets_survey> journal_survey::targets_of(notification_key key, application_id app) {
  auto text = std::to_string(key.value);
  auto replies = redis_.pipeline({{"HMGET", keys_.fan_out(key), "cursor", "audience"},
                                  {"HGET", keys_.pending, text},
                                  {"HGET", keys_.control, text}});
  if (!replies) return replies.failure();
  if (replies->front().type == redis_reply::kind::failure) return failure_of(replies->front());
  targets_survey made;
  if (const auto& state = (*replies)[0].items; state.size() == 2 && !state[0].is_nil()) {
    made.fan_out_known = true;
    made.cursor = number(state[0]);
    made.audience = number(state[1]);
  }
  made.pending = std::strtoll((*replies)[1].text.c_str(), nullptr, 10);
  if (auto control = number((*replies)[2]); control >= 1 && control <= 3)
    made.control = static_cast<pusher::control>(control);

  auto names = queue_names();
  if (!names) return names.failure();
  auto of_app = std::to_string(app.value) + ".";
  for (const auto& name : *names) {
    if (name.rfind(of_app, 0) != 0) continue;
    if (auto done = count_stream(keys_.push(name), keys_.push_progress(name), key, made, made.waiting); !done)
      return done.failure();
  }
  if (auto done = count_stream(keys_.results, "", key, made, made.results); !done) return done.failure();
  if (auto done = count_stream(keys_.dead_letters, "", key, made, made.dead); !done) return done.failure();
  if (auto done = count_later(key, made); !done) return done.failure();
  if (auto done = count_held(key, made); !done) return done.failure();
  return made;
}

/// `progress`: the hash that has the progress of the stream's claimed entries; empty = each entry has its
/// own.
result<void> journal_survey::count_stream(const std::string& stream, const std::string& progress,
                                          notification_key key, targets_survey& into, uint64_t& counted) {
  std::string from = "-";
  for (size_t reads = 0; reads < most_reads; ++reads) {
    auto reply = redis_.command({"XRANGE", stream, from, "+", "COUNT", std::to_string(entries_per_read)});
    if (!reply) return reply.failure();
    if (reply->type == redis_reply::kind::failure) return failure_of(*reply);
    redis_arguments known{"HMGET", progress};
    for (const auto& entry : reply->items)
      if (!entry.items.empty()) known.push_back(entry.items[0].text);
    redis_reply records;
    if (!progress.empty() && known.size() > 2) {
      auto read = redis_.command(known);
      if (!read) return read.failure();
      records = std::move(*read);
    }
    for (size_t i = 0; i < reply->items.size(); ++i) {
      const auto& entry = reply->items[i];
      const redis_reply* body = nullptr;
      for (const char* name : {"b", "r", "body"})
        if (!body) body = field_of(entry, name);
      const auto* own = field_of(entry, "progress");
      auto done = own ? own->text : i < records.items.size() ? records.items[i].text : std::string();
      if (body) counted += targets_in(body->text, done, key);
    }
    if (reply->items.size() < entries_per_read) return {};
    from = "(" + reply->items.back().items[0].text;
  }
  into.complete = false;
  return {};
}

result<void> journal_survey::count_later(notification_key key, targets_survey& into) {
  std::string place = "0";
  for (size_t reads = 0; reads < most_reads; ++reads) {
    auto reply = redis_.command(
        {"ZSCAN", keys_.later, place, "MATCH", std::to_string(key.value) + ":*", "COUNT", "1000"});
    if (!reply) return reply.failure();
    if (reply->items.size() < 2) return {};
    redis_arguments jobs{"HMGET", keys_.later_jobs};
    const auto& found = reply->items[1].items;
    for (size_t i = 0; i + 1 < found.size(); i += 2) {
      jobs.push_back(found[i].text);
      auto due = static_cast<utc_ms>(number(found[i + 1]));
      if (into.next_due_at == 0 || due < into.next_due_at) into.next_due_at = due;
    }
    if (jobs.size() > 2) {
      auto bodies = redis_.command(jobs);
      if (!bodies) return bodies.failure();
      for (const auto& each : bodies->items)
        into.later += targets_in(body_of_job(each.text), "", key);
    }
    place = reply->items[0].text;
    if (place == "0") return {};
  }
  into.complete = false;
  return {};
}

result<void> journal_survey::count_held(notification_key key, targets_survey& into) {
  auto reply = redis_.command({"LRANGE", keys_.held(key), "0", std::to_string(most_held)});
  if (!reply) return reply.failure();
  for (const auto& each : reply->items)
    into.held += targets_in(body_of_job(each.text), "", key);
  if (reply->items.size() > most_held) into.complete = false;
  return {};
}

}  // namespace pusher
