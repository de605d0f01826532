#include "storage/journal.hpp"

#include <charconv>
#include <iterator>

#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

// Redis serves nobody else while a script runs.
constexpr size_t steps_per_call = 32;
constexpr size_t bytes_per_call = 256 * 1024;

error failure_in(const std::string& said) {
  if (said.rfind("NOGROUP", 0) == 0) return lost_journal("a consumer group is missing");
  return {errc::journal_unavailable, "Redis: " + said, "", 1};
}

/// How many of the steps from there on go into one call of a script: one at least.
template <class Step>
size_t steps_that_fit(const std::vector<Step>& steps, size_t from) {
  size_t bytes = 0, count = 0;
  while (from + count < steps.size() && count < steps_per_call && bytes < bytes_per_call)
    for (const auto& each : steps[from + count++].arguments)
      bytes += each.size();
  return count;
}

}  // namespace

std::string push_queue::name() const {
  std::string made = std::to_string(application.value);
  for (auto part : {to_string(gateway), to_string(environment), to_string(lane)}) {
    made += '.';
    made += part;
  }
  return made;
}

std::string account_of(const push_queue& queue, const push_batch& batch) {
  return batch.rate_per_second == 0 ? queue.name()
                                    : queue.name() + "~" + std::to_string(batch.notification.value);
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
    : keys_(endpoint.cluster),
      run_id_(std::move(run_id)),
      consumer_(std::move(consumer)),
      endpoint_(endpoint),
      redis_(endpoint, journal_pledge{keys_.run, run_id_}) {}

void journal::work_under(const std::string& run_id) {
  if (run_id == run_id_) return;
  run_id_ = run_id;
  redis_.pledge({keys_.run, run_id_});
}

result<redis_reply> journal::judged(redis_reply reply) const {
  if (reply.type == redis_reply::kind::failure) return failure_in(reply.text);
  if (reply.type != redis_reply::kind::list || reply.items.empty())
    return error{errc::journal_unavailable, "Redis: a script answered in an unknown form", "", 1};
  if (reply.items.front().text == "failed") return failure_in(reply.items.back().text);
  if (reply.items.front().text == "lost") return lost_journal("its run key differs or is missing");
  return reply;
}

result<redis_reply> journal::run(const redis_script& script, std::vector<std::string> keys,
                                 std::vector<std::string> arguments) {
  keys.insert(keys.begin(), keys_.run);
  arguments.insert(arguments.begin(), run_id_);
  std::vector<redis_arguments> commands;
  commands.push_back(redis::call(script, std::move(keys), std::move(arguments)));
  auto replies = redis_.pipeline(commands);
  if (!replies) return replies.failure();
  return judged(std::move(replies->front()));
}

std::vector<result<redis_reply>> journal::run_steps(const redis_script& script, const script_call& shared,
                                                    std::vector<script_call> steps,
                                                    std::vector<redis_reply>* tail) {
  std::vector<redis_arguments> commands;
  std::vector<size_t> counts;  // of steps in each
  for (size_t from = 0; from < steps.size(); from += counts.back()) {
    counts.push_back(steps_that_fit(steps, from));
    auto keys = shared.keys, arguments = shared.arguments;
    keys.insert(keys.begin(), keys_.run);
    arguments.insert(arguments.begin(), run_id_);
    arguments.push_back(std::to_string(counts.back()));
    for (size_t i = from; i < from + counts.back(); ++i) {
      std::move(steps[i].keys.begin(), steps[i].keys.end(), std::back_inserter(keys));
      std::move(steps[i].arguments.begin(), steps[i].arguments.end(), std::back_inserter(arguments));
    }
    commands.push_back(redis::call(script, std::move(keys), std::move(arguments)));
  }
  std::vector<result<redis_reply>> each;
  each.reserve(steps.size());
  auto replies = redis_.pipeline(commands);
  if (!replies) {
    each.assign(steps.size(), replies.failure());
    return each;
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    auto whole = judged(std::move((*replies)[i]));
    if (whole && whole->items.size() == 1) {  // refused, all of it
      each.insert(each.end(), counts[i], std::move(whole));
      continue;
    }
    if (whole && whole->items.size() < 1 + counts[i])
      whole = error{errc::journal_unavailable, "Redis: a script answered short", "", 1};
    for (size_t step = 0; step < counts[i]; ++step)
      each.push_back(whole ? judged(std::move(whole->items[1 + step])) : whole.failure());
    if (tail && whole)
      tail->assign(std::move_iterator(whole->items.begin() + static_cast<std::ptrdiff_t>(1 + counts[i])),
                   std::move_iterator(whole->items.end()));
  }
  return each;
}

// -- identity and presence --

result<void> journal::ping() {
  auto reply = redis_.command({"PING"});
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::create() {
  redis founder(endpoint_);
  auto replies = founder.pipeline(
      {redis::call(scripts::create_run, {keys_.run, keys_.epoch, keys_.launches, keys_.results},
                   {run_id_, keys::launch_group, keys::result_group})});
  if (!replies) return replies.failure();
  auto made = judged(std::move(replies->front()));
  if (!made) return made.failure();
  if (made->items.front().text == "already") return {};
  // On the connection that made it: nobody else has had a hand in what this Redis holds.
  founder.stay(true);
  auto vouched = founder.command({"SCRIPT", "LOAD", journal_pledge{keys_.run, run_id_}.voucher()});
  return vouched ? result<void>() : vouched.failure();
}

result<void> journal::check() {
  auto reply = redis_.command({"GET", keys_.run});
  if (!reply) return reply.failure();
  if (reply->is_nil()) return lost_journal("its run key is missing");
  if (reply->text != run_id_) return lost_journal("its run key differs");
  return {};
}

result<void> journal::heartbeat(const std::string& process, uint32_t lifetime_ms) {
  auto reply = redis_.command({"SET", keys_.heartbeat_prefix + process, std::to_string(lifetime_ms), "PX",
                               std::to_string(lifetime_ms)});
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::end_heartbeat(const std::string& process) {
  auto reply = redis_.command({"DEL", keys_.heartbeat_prefix + process});
  if (!reply) return reply.failure();
  return {};
}

// -- what processes share --

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
  return status_in(*reply) == commit_status::done;
}

}  // namespace pusher
