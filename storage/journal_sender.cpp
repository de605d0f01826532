// The part of the journal that push-senders use: batches in, results and what is put aside out.
#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

std::vector<std::string> arguments_of(const progress_commit& step) {
  std::vector<std::string> arguments{step.entry,
                                     step.token,
                                     std::to_string(step.expected_sequence),
                                     step.queue,
                                     step.account.empty() ? step.queue : step.account,
                                     step.asks       ? "?"
                                     : step.finished ? "1"
                                                     : "0",
                                     std::to_string(step.results.notification.value),
                                     std::to_string(step.results.results.size()),
                                     step.results.results.empty() ? std::string() : encode(step.results),
                                     step.progress,
                                     std::to_string(step.aside.size())};
  for (const auto& aside : step.aside) {
    arguments.push_back(aside.held ? "-1" : std::to_string(static_cast<uint64_t>(aside.due_at)));
    arguments.push_back(aside.name);
    arguments.push_back(encode(aside.batch));
    arguments.push_back(std::to_string(aside.strikes));
  }
  return arguments;
}

}  // namespace

result<std::vector<std::string>> journal::queues() {
  auto reply = redis_.command({"SMEMBERS", keys_.queues});
  if (!reply) return reply.failure();
  return texts_in(std::move(*reply));
}

result<std::vector<claim>> journal::claim_batches(const std::string& queue, size_t most) {
  auto claims =
      read_group(keys_.push(queue), keys::sender_group, queue, most, {"HGET", keys_.control, "version"});
  if (claims) control_version_ = number_in(claims->second);
  if (!claims) return claims.failure();
  return std::move(claims->first);
}

result<std::vector<claim>> journal::take_over_batches(const std::string& queue,
                                                      const std::vector<std::string>& known, size_t most,
                                                      claims_of whom) {
  return take_over(keys_.push(queue), keys::sender_group, keys_.push_progress(queue), queue, known, most,
                   whom);
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
  recorded outcome;
  if (commits.empty()) return outcome;
  std::vector<script_call> steps;
  steps.reserve(commits.size());
  for (const auto& each : commits)
    steps.push_back(
        {{keys_.push(each.queue), keys_.push_progress(each.queue), keys_.held(each.results.notification)},
         arguments_of(each)});
  std::vector<redis_reply> tail;
  auto replies = run_steps(scripts::record,
                           {{keys_.results, keys_.outstanding, keys_.later, keys_.later_jobs, keys_.control},
                            {keys::sender_group, consumer_}},
                           std::move(steps), &tail);
  for (const auto& reply : replies) {
    if (!reply) return reply.failure();
    outcome.status.push_back(status_in(*reply));
  }
  if (tail.size() < 2) return error{errc::journal_unavailable, "Redis: record answered short", "", 1};
  outcome.results_depth = number_in(tail[0]);
  control_version_ = number_in(tail[1]);
  return outcome;
}

result<journal::promoted> journal::promote(size_t most) {
  auto reply =
      run(scripts::promote, {keys_.later, keys_.later_jobs}, {keys_.push_prefix, std::to_string(most)});
  if (!reply) return reply.failure();
  if (reply->items.size() < 4)
    return error{errc::journal_unavailable, "Redis: promote answered short", "", 1};
  return promoted{static_cast<size_t>(number_in(reply->items[1])),
                  static_cast<utc_ms>(number_in(reply->items[2])),
                  static_cast<utc_ms>(number_in(reply->items[3]))};
}

result<uint64_t> journal::results_depth() {
  auto reply = redis_.command({"XLEN", keys_.results});
  if (!reply) return reply.failure();
  return number_in(*reply);
}

result<void> journal::bury_batch(const claim& what, const std::string& reason) {
  return bury(keys_.push(what.queue), keys::sender_group, keys_.push_progress(what.queue), what, reason);
}

}  // namespace pusher
