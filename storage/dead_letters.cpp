#include "storage/dead_letters.hpp"

#include <algorithm>
#include <cstdlib>

#include "storage/journal.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr const char* dropped_code = "dropped";

bool is_id(const std::string& text) {
  auto cut = text.find('-');
  return cut != std::string::npos && cut > 0 && cut + 1 < text.size() && text.size() <= 41 &&
         text.find_first_not_of("0123456789-") == std::string::npos &&
         text.find('-', cut + 1) == std::string::npos;
}

/// Takes out what has a result already; how many those were.
size_t leave_unsettled(push_batch& batch, const std::string& progress) {
  if (progress.empty()) return 0;
  auto known = decode_batch_progress(progress);
  if (!known) return 0;
  std::vector<push_target> left;
  for (size_t i = 0; i < batch.targets.size(); ++i)
    if (i >= known->done.size() || !known->done[i]) left.push_back(std::move(batch.targets[i]));
  auto settled = batch.targets.size() - left.size();
  batch.targets = std::move(left);
  return settled;
}

result_batch failed_targets(const dead_letter& letter, utc_ms now) {
  result_batch made;
  made.notification = letter.notification();
  auto add = [&](device_key device, uint8_t attempts) {
    push_result each;
    each.device = device;
    each.outcome = outcome::failed;
    each.attempts = attempts;
    each.settled_at = now;
    each.code = dropped_code;
    made.results.push_back(std::move(each));
  };
  if (letter.batch) {
    for (const auto& each : letter.batch->targets)
      add(each.device, each.attempts);
    if (auto from = push_queue::parse(letter.queue)) {
      made.gateway = from->gateway;
      made.environment = from->environment;
    }
  } else if (letter.results) {
    for (const auto& each : letter.results->results)
      add(each.device, each.attempts);
    made.gateway = letter.results->gateway;
    made.environment = letter.results->environment;
  }
  return made;
}

}  // namespace

notification_key dead_letter::notification() const {
  if (batch) return batch->notification;
  return results ? results->notification : notification_key{};
}

size_t dead_letter::targets() const {
  if (batch) return batch->targets.size();
  return results ? results->results.size() : 0;
}

dead_letter dead_letter_box::read(const redis_reply& entry) const {
  dead_letter made;
  if (entry.items.size() < 2) return made;
  made.id = entry.items[0].text;
  made.buried_at = std::strtoll(made.id.c_str(), nullptr, 10);
  std::string stream, body, progress;
  const auto& fields = entry.items[1].items;
  for (size_t i = 0; i + 1 < fields.size(); i += 2) {
    const auto& name = fields[i].text;
    const auto& value = fields[i + 1].text;
    if (name == "stream") stream = value;
    if (name == "id") made.entry = value;
    if (name == "body") body = value;
    if (name == "owner") made.owner = value;
    if (name == "reason") made.reason = value;
    if (name == "progress") progress = value;
  }
  if (stream.rfind(keys_.push_prefix, 0) == 0) made.queue = stream.substr(keys_.push_prefix.size());
  if (stream == keys_.results) {
    if (auto decoded = decode_result_batch(body)) made.results = std::move(*decoded);
  } else if (push_queue::parse(made.queue)) {
    if (auto decoded = decode_push_batch(body)) made.batch = std::move(*decoded);
    if (made.batch) made.settled = leave_unsettled(*made.batch, progress);
  }
  return made;
}

result<std::vector<dead_letter>> dead_letter_box::list(const std::string& after, const std::string& last,
                                                       size_t most) {
  auto from = after.empty() ? std::string("-") : "(" + after;
  auto to = last.empty() ? std::string("+") : last;
  auto reply = redis_.command({"XRANGE", keys_.dead_letters, from, to, "COUNT", std::to_string(most)});
  if (!reply) return reply.failure();
  if (reply->type == redis_reply::kind::failure)
    return error{errc::journal_unavailable, "Redis: " + reply->text, "", 1};
  std::vector<dead_letter> found;
  for (const auto& each : reply->items)
    found.push_back(read(each));
  return found;
}

result<std::string> dead_letter_box::newest() {
  auto reply = redis_.command({"XREVRANGE", keys_.dead_letters, "+", "-", "COUNT", "1"});
  if (!reply) return reply.failure();
  if (reply->items.empty() || reply->items.front().items.empty()) return std::string();
  return reply->items.front().items.front().text;
}

result<dead_letter> dead_letter_box::get(const std::string& id) {
  const error unknown{errc::not_found, "There is no dead letter '" + id + "': it was decided, or never was.",
                      "", 0};
  if (!is_id(id)) return unknown;
  auto reply = redis_.command({"XRANGE", keys_.dead_letters, id, id});
  if (!reply) return reply.failure();
  if (reply->type != redis_reply::kind::list || reply->items.empty()) return unknown;
  return read(reply->items.front());
}

result<bool> dead_letter_box::decided(result<redis_reply> reply) const {
  if (!reply) return reply.failure();
  if (reply->type == redis_reply::kind::failure)
    return error{errc::journal_unavailable, "Redis: " + reply->text, "", 1};
  auto said = reply->items.empty() ? std::string() : reply->items.front().text;
  if (said == "lost") return lost_journal("its run key differs or is missing");
  return said == "ok";
}

result<bool> dead_letter_box::requeue(const dead_letter& letter) {
  if (!letter.readable())
    return error{errc::corrupt_data, "It cannot be read, so it can only be dropped.", "", 0};
  auto payload = letter.targets() == 0 ? std::string()
                 : letter.batch        ? encode(*letter.batch)
                                       : encode(*letter.results);
  auto stream = letter.batch ? keys_.push(letter.queue) : keys_.results;
  return decided(redis_.command(
      redis::call(scripts::requeue_letter, {keys_.run, keys_.dead_letters, stream, keys_.queues},
                  {run_id_, letter.id, letter.batch ? "b" : "r", payload, letter.queue,
                   letter.batch ? keys::sender_group : keys::result_group})));
}

result<bool> dead_letter_box::drop(const dead_letter& letter) {
  auto targets = letter.targets();
  std::string payload, account;
  if (targets > 0) payload = encode(failed_targets(letter, now_ms()));
  if (letter.batch) account = account_of(*push_queue::parse(letter.queue), *letter.batch);
  return decided(redis_.command(
      redis::call(scripts::drop_letter, {keys_.run, keys_.dead_letters, keys_.results, keys_.outstanding},
                  {run_id_, letter.id, std::to_string(targets), payload, account, letter.queue})));
}

}  // namespace pusher
