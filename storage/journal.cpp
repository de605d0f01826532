#include "storage/journal.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

std::string text(uint64_t number) {
  return std::to_string(number);
}

uint64_t number(const redis_reply& reply) {
  if (reply.type == redis_reply::kind::integer) return static_cast<uint64_t>(reply.integer);
  uint64_t value = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), value);
  return value;
}

commit_status status_of(const redis_reply& reply) {
  const auto& said = reply.items.front().text;
  if (said == "held") return commit_status::held;
  return said == "fenced" ? commit_status::fenced : commit_status::done;
}

constexpr uint64_t most_released = 100;   // held batches in one step
constexpr uint64_t most_hastened = 1000;  // put-aside jobs that one step looks at

error lost(const std::string& why) {
  return {errc::journal_lost, "the journal in Redis is not the one that MariaDB knows: " + why, "", 10};
}

}  // namespace

std::string push_queue::name() const {
  std::string made = text(application.value);
  for (auto part : {to_string(gateway), to_string(environment), to_string(lane)}) {
    made += '.';
    made += part;
  }
  return made;
}

std::string account_of(const push_queue& queue, const push_batch& batch) {
  return batch.rate_per_second == 0 ? queue.name() : queue.name() + "~" + text(batch.notification.value);
}

std::optional<push_queue> push_queue::parse(const std::string& name) {
  std::vector<std::string> parts(1);
  for (char c : name) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 4) return std::nullopt;
  push_queue queue;
  auto [end, fault] =
      std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), queue.application.value);
  auto gateway = parse_gateway(parts[1]);
  auto environment = parse_environment(parts[2]);
  auto lane = parse_lane(parts[3]);
  if (fault != std::errc() || *end != 0 || !gateway || !environment || !lane) return std::nullopt;
  queue.gateway = *gateway;
  queue.environment = *environment;
  queue.lane = *lane;
  return queue;
}

journal::journal(const redis_settings& endpoint, std::string run_id, std::string consumer)
    : redis_(endpoint), keys_(endpoint.cluster), run_id_(std::move(run_id)), consumer_(std::move(consumer)) {}

result<redis_reply> journal::judged(redis_reply reply) const {
  if (reply.type == redis_reply::kind::failure) {
    if (reply.text.rfind("NOGROUP", 0) == 0) return lost("a consumer group is missing");
    return error{errc::journal_unavailable, "Redis: " + reply.text, "", 1};
  }
  if (reply.type != redis_reply::kind::list || reply.items.empty())
    return error{errc::journal_unavailable, "Redis: a script answered in an unknown form", "", 1};
  if (reply.items.front().text == "lost") return lost("its run key differs or is missing");
  return reply;
}

result<redis_reply> journal::run(const redis_script& script, std::vector<std::string> keys,
                                 std::vector<std::string> arguments) {
  keys.insert(keys.begin(), keys_.run);
  arguments.insert(arguments.begin(), run_id_);
  auto replies = redis_.pipeline({redis::call(script, keys, arguments)});
  if (!replies) return replies.failure();
  return judged(std::move(replies->front()));
}

std::vector<result<redis_reply>> journal::run_each(const redis_script& script,
                                                   std::vector<script_call> calls) {
  std::vector<redis_arguments> commands;
  commands.reserve(calls.size());
  for (auto& each : calls) {
    each.keys.insert(each.keys.begin(), keys_.run);
    each.arguments.insert(each.arguments.begin(), run_id_);
    commands.push_back(redis::call(script, each.keys, each.arguments));
  }
  auto replies = redis_.pipeline(commands);
  if (!replies) return std::vector<result<redis_reply>>(calls.size(), replies.failure());
  std::vector<result<redis_reply>> each;
  each.reserve(replies->size());
  for (auto& reply : *replies)
    each.push_back(judged(std::move(reply)));
  return each;
}

namespace {

/// What `read` makes of each reply that is one.
template <class Value, class Read>
std::vector<result<Value>> read_each(const std::vector<result<redis_reply>>& replies, const Read& read) {
  std::vector<result<Value>> values;
  values.reserve(replies.size());
  for (const auto& each : replies)
    values.push_back(each ? result<Value>(read(*each)) : each.failure());
  return values;
}

}  // namespace

// -- identity and presence --

result<void> journal::ping() {
  auto reply = redis_.command({"PING"});
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::create() {
  auto reply = run(scripts::create_run, {keys_.epoch, keys_.launches, keys_.results},
                   {keys::launch_group, keys::result_group});
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::check() {
  auto reply = redis_.command({"GET", keys_.run});
  if (!reply) return reply.failure();
  if (reply->is_nil()) return lost("its run key is missing");
  if (reply->text != run_id_) return lost("its run key differs");
  return {};
}

result<std::string> journal::found_run_id() {
  auto reply = redis_.command({"GET", keys_.run});
  if (!reply) return reply.failure();
  if (reply->is_nil())
    return error{errc::journal_lost,
                 "there is no journal of this cluster in Redis yet: a node with MariaDB makes it", "", 10};
  return std::move(reply->text);
}

result<void> journal::heartbeat(const std::string& process, uint32_t lifetime_ms) {
  auto reply = redis_.command({"SET", keys_.heartbeat_prefix + process, "1", "PX", text(lifetime_ms)});
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::end_heartbeat(const std::string& process) {
  auto reply = redis_.command({"DEL", keys_.heartbeat_prefix + process});
  if (!reply) return reply.failure();
  return {};
}

// -- launches --

result<void> journal::announce_launches(const std::vector<notification_key>& of) {
  redis_arguments entry{"XADD", keys_.launches, "*"};
  for (auto key : of) {
    entry.emplace_back("n");
    entry.push_back(text(key.value));
  }
  auto reply = redis_.command(entry);
  if (!reply) return reply.failure();
  return {};
}

result<size_t> journal::drain_launches() {
  auto read = read_group(keys_.launches, keys::launch_group, "", 1000);
  if (!read) return read.failure();
  const auto* entries = &read->first;
  if (entries->empty()) return size_t{0};
  redis_arguments acknowledge{"XACK", keys_.launches, keys::launch_group};
  redis_arguments remove{"XDEL", keys_.launches};
  for (const auto& each : *entries) {
    acknowledge.push_back(each.entry);
    remove.push_back(each.entry);
  }
  auto replies = redis_.pipeline({acknowledge, remove});
  if (!replies) return replies.failure();
  return entries->size();
}

// -- fan-out --

result<commit_status> journal::raise_epoch(uint64_t epoch) {
  auto reply = run(scripts::raise_epoch, {keys_.epoch}, {text(epoch)});
  if (!reply) return reply.failure();
  return status_of(*reply);
}

std::vector<result<journal::cursor>> journal::begin_fan_out(uint64_t epoch,
                                                            const std::vector<beginning>& all) {
  std::vector<script_call> calls;
  for (const auto& [content, start] : all)
    calls.push_back({{keys_.epoch, keys_.fan_out(content->key), keys_.content(content->key)},
                     {text(epoch), encode(*content), text(start.value)}});
  return read_each<cursor>(run_each(scripts::begin_fan_out, std::move(calls)), [](const redis_reply& reply) {
    cursor begun;
    begun.status = status_of(reply);
    if (begun.status == commit_status::done && reply.items.size() >= 4) {
      begun.position = number(reply.items[1]);
      begun.audience = number(reply.items[2]);
      begun.start = {number(reply.items[3])};
    }
    return begun;
  });
}

namespace {

std::vector<std::string> arguments_of(const page_commit& page, const std::string& push_prefix) {
  std::vector<std::string> arguments{text(page.epoch),
                                     text(page.notification.value),
                                     text(page.expected_cursor),
                                     text(page.new_cursor),
                                     push_prefix,
                                     keys::sender_group,
                                     text(page.batches.size())};
  for (const auto& [queue, batch] : page.batches) {
    arguments.push_back(queue.name());
    arguments.push_back(account_of(queue, batch));
    arguments.push_back(text(batch.targets.size()));
    arguments.push_back(encode(batch));
  }
  arguments.push_back(text(page.skipped.size()));
  for (const auto& batch : page.skipped) {
    arguments.push_back(text(batch.results.size()));
    arguments.push_back(encode(batch));
  }
  return arguments;
}

}  // namespace

std::vector<result<page_committed>> journal::commit_pages(const std::vector<page_commit>& pages) {
  std::vector<script_call> calls;
  for (const auto& page : pages)
    calls.push_back({{keys_.epoch, keys_.fan_out(page.notification), keys_.outstanding, keys_.pending,
                      keys_.queues, keys_.results, keys_.control},
                     arguments_of(page, keys_.push_prefix)});
  return read_each<page_committed>(
      run_each(scripts::commit_page, std::move(calls)), [](const redis_reply& reply) {
        page_committed committed;
        committed.status = status_of(reply);
        if (committed.status != commit_status::done || reply.items.size() < 2) return committed;
        committed.audience = number(reply.items[1]);
        for (size_t i = 2; i + 1 < reply.items.size(); i += 2)
          committed.outstanding.emplace_back(reply.items[i].text, number(reply.items[i + 1]));
        return committed;
      });
}

result<std::vector<uint64_t>> journal::outstanding(const std::vector<std::string>& accounts) {
  if (accounts.empty()) return std::vector<uint64_t>{};
  redis_arguments command{"HMGET", keys_.outstanding};
  command.insert(command.end(), accounts.begin(), accounts.end());
  auto reply = redis_.command(command);
  if (!reply) return reply.failure();
  std::vector<uint64_t> counts;
  for (const auto& each : reply->items)
    counts.push_back(number(each));
  counts.resize(accounts.size());
  return counts;
}

std::vector<result<bool>> journal::forget(const std::vector<notification_key>& of) {
  std::vector<script_call> calls;
  for (auto key : of)
    calls.push_back(
        {{keys_.fan_out(key), keys_.content(key), keys_.pending, keys_.control}, {text(key.value)}});
  return read_each<bool>(run_each(scripts::forget, std::move(calls)),
                         [](const redis_reply& reply) { return reply.items.front().text == "ok"; });
}

// -- claims --

result<std::pair<std::vector<claim>, redis_reply>> journal::read_group(const std::string& stream,
                                                                       const char* group,
                                                                       const std::string& queue, size_t most,
                                                                       redis_arguments also) {
  auto replies =
      redis_.pipeline({{"XREADGROUP", "GROUP", group, consumer_, "COUNT", text(most), "STREAMS", stream, ">"},
                       std::move(also)});
  if (!replies) return replies.failure();
  std::pair<std::vector<claim>, redis_reply> read{{}, std::move((*replies)[1])};
  auto& reply = replies->front();
  if (reply.is_nil()) return read;
  auto good = judged(std::move(reply));
  if (!good) return good.failure();
  // [[stream, [[id, [field, value]], ...]]]
  for (auto& entry : good->items.front().items.at(1).items) {
    if (entry.items.size() < 2 || entry.items[1].items.size() < 2) continue;
    claim each;
    each.queue = queue;
    each.entry = entry.items[0].text;
    each.token = "1";
    each.payload = std::move(entry.items[1].items[1].text);
    read.first.push_back(std::move(each));
  }
  return read;
}

result<std::vector<claim>> journal::take_over(const std::string& stream, const char* group,
                                              const std::string& progress, const std::string& queue,
                                              const std::vector<std::string>& known, size_t most) {
  std::vector<std::string> arguments{group, consumer_, keys_.heartbeat_prefix, text(most), keys::last_strike};
  arguments.insert(arguments.end(), known.begin(), known.end());
  auto reply = run(scripts::take_over, {stream, progress, keys_.dead_letters}, std::move(arguments));
  if (!reply) return reply.failure();
  std::vector<claim> claims;
  for (size_t i = 1; i < reply->items.size(); ++i) {
    auto& fields = reply->items[i].items;
    if (fields.size() < 6) continue;
    claim each;
    each.queue = queue;
    each.entry = std::move(fields[0].text);
    each.payload = std::move(fields[1].text);
    each.token = std::move(fields[2].text);
    each.sequence = number(fields[3]);
    each.strikes = static_cast<unsigned>(number(fields[4]));
    each.progress = std::move(fields[5].text);
    claims.push_back(std::move(each));
  }
  return claims;
}

result<void> journal::bury(const std::string& stream, const char* group, const std::string& progress,
                           const claim& what, const std::string& reason) {
  auto reply =
      run(scripts::bury, {stream, keys_.dead_letters, progress}, {group, what.entry, consumer_, reason});
  if (!reply) return reply.failure();
  return {};
}

// -- control --

result<void> journal::set_control(notification_key key, std::optional<control> value) {
  auto reply = run(scripts::set_control, {keys_.control},
                   {text(key.value), text(value ? static_cast<uint64_t>(*value) : 0)});
  if (!reply) return reply.failure();
  return {};
}

result<journal::controls> journal::load_controls() {
  auto reply = redis_.command({"HGETALL", keys_.control});
  if (!reply) return reply.failure();
  controls found;
  for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
    auto value = number(reply->items[i + 1]);
    if (reply->items[i].text == "version")
      found.version = value;
    else if (value >= 1 && value <= 3)
      found.of[{number(reply->items[i])}] = static_cast<control>(value);
  }
  control_version_ = found.version;
  return found;
}

result<void> journal::release_held(notification_key key) {
  for (;;) {
    auto reply = run(scripts::release_held, {keys_.control, keys_.held(key)},
                     {text(key.value), keys_.push_prefix, text(most_released)});
    if (!reply) return reply.failure();
    if (reply->items.size() < 3 || number(reply->items[2]) == 0) return {};
  }
}

result<void> journal::hasten(notification_key key) {
  std::string place = "0";
  do {
    auto reply = run(scripts::hasten, {keys_.later}, {text(key.value), place, text(most_hastened)});
    if (!reply) return reply.failure();
    if (reply->items.size() < 3) return {};
    place = reply->items[2].text;
  } while (place != "0");
  return {};
}

// -- push-sender --

result<std::optional<std::string>> journal::shared_value(const std::string& name) {
  auto reply = redis_.command({"HGET", keys_.shared, name});
  if (!reply) return reply.failure();
  if (reply->is_nil()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(reply->text));
}

result<bool> journal::replace_shared_value(const std::string& name,
                                           const std::optional<std::string>& expected,
                                           const std::string& value) {
  auto reply = run(scripts::replace_shared, {keys_.shared},
                   {name, expected ? "1" : "0", expected.value_or(""), value});
  if (!reply) return reply.failure();
  return status_of(*reply) == commit_status::done;
}

result<journal::granted> journal::take_rate(const std::string& credential, uint32_t per_minute,
                                            uint32_t ramp_seconds, uint64_t wanted) {
  auto reply =
      run(scripts::take_rate, {keys_.rate(credential)}, {text(per_minute), text(ramp_seconds), text(wanted)});
  if (!reply) return reply.failure();
  granted made;
  if (reply->items.size() > 2) {
    made.pushes = number(reply->items[1]);
    made.wait_ms = static_cast<uint32_t>(number(reply->items[2]));
  }
  return made;
}

result<utc_ms> journal::reserve_rate(notification_key key, uint32_t per_second, size_t pushes) {
  auto reply = run(scripts::reserve_rate, {keys_.fan_out(key)}, {text(per_second), text(pushes)});
  if (!reply) return reply.failure();
  return reply->items.size() > 1 ? static_cast<utc_ms>(number(reply->items[1])) : utc_ms{0};
}

result<std::vector<std::string>> journal::queues() {
  auto reply = redis_.command({"SMEMBERS", keys_.queues});
  if (!reply) return reply.failure();
  std::vector<std::string> names;
  for (auto& each : reply->items)
    names.push_back(std::move(each.text));
  return names;
}

result<std::vector<claim>> journal::claim_batches(const std::string& queue, size_t most) {
  auto claims =
      read_group(keys_.push(queue), keys::sender_group, queue, most, {"HGET", keys_.control, "version"});
  if (claims) control_version_ = number(claims->second);
  if (!claims) return claims.failure();
  return std::move(claims->first);
}

result<std::vector<claim>> journal::take_over_batches(const std::string& queue,
                                                      const std::vector<std::string>& known, size_t most) {
  return take_over(keys_.push(queue), keys::sender_group, keys_.push_progress(queue), queue, known, most);
}

result<std::vector<std::optional<message>>> journal::contents(const std::vector<notification_key>& of) {
  redis_arguments command{"MGET"};
  for (auto key : of)
    command.push_back(keys_.content(key));
  auto reply = redis_.command(command);
  if (!reply) return reply.failure();
  std::vector<std::optional<message>> found(of.size());
  for (size_t i = 0; i < of.size() && i < reply->items.size(); ++i) {
    if (reply->items[i].is_nil()) continue;
    auto decoded = decode_message(reply->items[i].text);
    if (!decoded) return decoded.failure();
    found[i] = std::move(*decoded);
  }
  return found;
}

result<journal::recorded> journal::record(const std::vector<progress_commit>& commits) {
  std::vector<redis_arguments> commands;
  commands.reserve(commits.size());
  for (const auto& each : commits) {
    std::vector<std::string> arguments{run_id_,
                                       keys::sender_group,
                                       consumer_,
                                       each.entry,
                                       each.token,
                                       text(each.expected_sequence),
                                       each.queue,
                                       each.account.empty() ? each.queue : each.account,
                                       each.finished ? "1" : "0",
                                       text(each.results.notification.value),
                                       text(each.results.results.size()),
                                       each.results.results.empty() ? std::string() : encode(each.results),
                                       each.progress,
                                       text(each.aside.size())};
    for (const auto& aside : each.aside) {
      arguments.push_back(aside.held ? "-1" : text(static_cast<uint64_t>(aside.due_at)));
      arguments.push_back(aside.name);
      arguments.push_back(encode(aside.batch));
      arguments.push_back(text(aside.strikes));
    }
    commands.push_back(redis::call(
        scripts::record,
        {keys_.run, keys_.push(each.queue), keys_.push_progress(each.queue), keys_.results, keys_.outstanding,
         keys_.later, keys_.later_jobs, keys_.control, keys_.held(each.results.notification)},
        arguments));
  }
  auto replies = redis_.pipeline(commands);
  if (!replies) return replies.failure();
  recorded outcome;
  for (auto& each : *replies) {
    auto good = judged(std::move(each));
    if (!good) return good.failure();
    outcome.status.push_back(status_of(*good));
    if (good->items.size() > 1) outcome.results_depth = number(good->items[1]);
    if (good->items.size() > 2) control_version_ = number(good->items[2]);
  }
  return outcome;
}

result<journal::promoted> journal::promote(size_t most) {
  auto reply = run(scripts::promote, {keys_.later, keys_.later_jobs}, {keys_.push_prefix, text(most)});
  if (!reply) return reply.failure();
  if (reply->items.size() < 4)
    return error{errc::journal_unavailable, "Redis: promote answered short", "", 1};
  return promoted{static_cast<size_t>(number(reply->items[1])), static_cast<utc_ms>(number(reply->items[2])),
                  static_cast<utc_ms>(number(reply->items[3]))};
}

result<uint64_t> journal::results_depth() {
  auto reply = redis_.command({"XLEN", keys_.results});
  if (!reply) return reply.failure();
  return number(*reply);
}

result<void> journal::bury_batch(const claim& what, const std::string& reason) {
  return bury(keys_.push(what.queue), keys::sender_group, keys_.push_progress(what.queue), what, reason);
}

// -- result-writer --

result<std::vector<claim>> journal::claim_results(size_t most) {
  auto read = read_group(keys_.results, keys::result_group, "", most);
  if (!read) return read.failure();
  return std::move(read->first);
}

result<std::vector<claim>> journal::take_over_results(const std::vector<std::string>& known, size_t most) {
  return take_over(keys_.results, keys::result_group, keys_.result_progress, "", known, most);
}

result<void> journal::settle(const std::vector<settled_entry>& entries) {
  if (entries.empty()) return {};
  std::vector<std::string> arguments{keys::result_group, text(entries.size())};
  for (const auto& each : entries) {
    arguments.push_back(each.entry);
    arguments.push_back(text(each.notification.value));
    arguments.push_back(text(each.targets));
  }
  auto reply =
      run(scripts::settle, {keys_.results, keys_.pending, keys_.result_progress}, std::move(arguments));
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::bury_results(const claim& what, const std::string& reason) {
  return bury(keys_.results, keys::result_group, keys_.result_progress, what, reason);
}

// -- what operators ask --

result<journal::depths> journal::measure() {
  auto names = queues();
  if (!names) return names.failure();
  std::vector<redis_arguments> commands{
      {"XLEN", keys_.results}, {"ZCARD", keys_.later}, {"XLEN", keys_.dead_letters}};
  for (const auto& name : *names)
    commands.push_back({"XLEN", keys_.push(name)});
  auto replies = redis_.pipeline(commands);
  if (!replies) return replies.failure();
  depths found{number((*replies)[0]), number((*replies)[1]), number((*replies)[2]), 0};
  for (size_t i = 3; i < replies->size(); ++i)
    found.push += number((*replies)[i]);
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
  auto reply = redis_.command({"HGET", keys_.pending, text(key.value)});
  if (!reply) return reply.failure();
  return reply->is_nil() ? int64_t{0} : static_cast<int64_t>(std::strtoll(reply->text.c_str(), nullptr, 10));
}

}  // namespace pusher
