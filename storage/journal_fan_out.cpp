// The part of the journal in which launches are announced to the leader, and its pages become push batches.
#include <algorithm>
#include <atomic>

#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

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

std::vector<std::string> arguments_of(const page_commit& page) {
  std::vector<std::string> arguments{std::to_string(page.epoch), std::to_string(page.notification.value),
                                     std::to_string(page.expected_cursor), std::to_string(page.new_cursor),
                                     std::to_string(page.batches.size())};
  for (const auto& [queue, batch] : page.batches) {
    arguments.push_back(queue.name());
    arguments.push_back(account_of(queue, batch));
    arguments.push_back(std::to_string(batch.targets.size()));
    arguments.push_back(encode(batch));
  }
  arguments.push_back(std::to_string(page.skipped.size()));
  for (const auto& batch : page.skipped) {
    arguments.push_back(std::to_string(batch.results.size()));
    arguments.push_back(encode(batch));
  }
  return arguments;
}

}  // namespace

// -- launches --

result<void> journal::announce_launches(const std::vector<notification_key>& of) {
  redis_arguments entry{"XADD", keys_.launches, "*"};
  for (auto key : of) {
    entry.emplace_back("n");
    entry.push_back(std::to_string(key.value));
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

result<journal::raised> journal::raise_epoch(uint64_t epoch) {
  static std::atomic<uint64_t> turns{0};  // of this process, whose name the consumer's has in it
  auto turn = consumer_ + "/" + std::to_string(++turns);
  auto reply =
      run(scripts::raise_epoch, {keys_.epoch, keys_.pages, keys_.turn}, {std::to_string(epoch), turn});
  if (!reply) return reply.failure();
  auto status = status_in(*reply);
  if (status == commit_status::done) {
    epoch_ = epoch;
    turn_ = std::move(turn);
    unanswered_ = false;
  }
  return raised{status, reply->items.size() > 1 ? number_in(reply->items[1]) : 0};
}

std::vector<result<redis_reply>> journal::lead_steps(const redis_script& script, const script_call& shared,
                                                     std::vector<script_call> steps) {
  auto replies = run_steps(script, shared, std::move(steps));
  unanswered_ = unanswered_ || std::any_of(replies.begin(), replies.end(), [](const auto& each) {
                  return !each && each.failure().code == errc::journal_unavailable;
                });
  return replies;
}

result<void> journal::leave_behind() {
  if (!unanswered_) return {};
  auto again = raise_epoch(epoch_);
  if (!again) return again.failure();
  if (again->status == commit_status::fenced) return error{errc::fenced, "someone else leads fan-out", "", 0};
  return {};
}

std::vector<result<journal::cursor>> journal::begin_fan_out(uint64_t epoch,
                                                            const std::vector<beginning>& all) {
  if (auto behind = leave_behind(); !behind) return std::vector<result<cursor>>(all.size(), behind.failure());
  std::vector<script_call> steps;
  for (const auto& [content, start, settled] : all)
    steps.push_back({{keys_.fan_out(content->key), keys_.content(content->key)},
                     {encode(*content), std::to_string(start.value), std::to_string(settled)}});
  auto replies = lead_steps(scripts::begin_fan_out,
                            {{keys_.epoch, keys_.turn}, {std::to_string(epoch), turn_}}, std::move(steps));
  return read_each<cursor>(replies, [](const redis_reply& reply) {
    cursor begun;
    begun.status = status_in(reply);
    if (begun.status == commit_status::done && reply.items.size() >= 4) {
      begun.position = number_in(reply.items[1]);
      begun.audience = number_in(reply.items[2]);
      begun.start = {number_in(reply.items[3])};
    }
    return begun;
  });
}

std::vector<result<page_committed>> journal::commit_pages(const std::vector<page_commit>& pages) {
  if (auto behind = leave_behind(); !behind)
    return std::vector<result<page_committed>>(pages.size(), behind.failure());
  std::vector<script_call> steps;
  for (const auto& page : pages)
    steps.push_back({{keys_.fan_out(page.notification)}, arguments_of(page)});
  auto replies = lead_steps(scripts::commit_page,
                            {{keys_.epoch, keys_.turn, keys_.outstanding, keys_.pending, keys_.queues,
                              keys_.results, keys_.control, keys_.pages},
                             {turn_, keys_.push_prefix, keys::sender_group}},
                            std::move(steps));
  return read_each<page_committed>(replies, [](const redis_reply& reply) {
    page_committed committed;
    committed.status = status_in(reply);
    if (committed.status != commit_status::done || reply.items.size() < 3) return committed;
    committed.audience = number_in(reply.items[1]);
    committed.pages = number_in(reply.items[2]);
    for (size_t i = 3; i + 1 < reply.items.size(); i += 2)
      committed.outstanding.emplace_back(reply.items[i].text, number_in(reply.items[i + 1]));
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
    counts.push_back(number_in(each));
  counts.resize(accounts.size());
  return counts;
}

std::vector<result<bool>> journal::forget(const std::vector<notification_key>& of) {
  if (auto behind = leave_behind(); !behind) return std::vector<result<bool>>(of.size(), behind.failure());
  std::vector<script_call> steps;
  for (auto key : of)
    steps.push_back({{keys_.fan_out(key), keys_.content(key)}, {std::to_string(key.value)}});
  return read_each<bool>(run_steps(scripts::forget, {{keys_.pending, keys_.control}, {}}, std::move(steps)),
                         [](const redis_reply& reply) { return reply.items.front().text == "ok"; });
}

}  // namespace pusher
