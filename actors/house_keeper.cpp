#include "actors/house_keeper.hpp"

#include <algorithm>
#include <exception>
#include <string>

#include "actors/log.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr size_t rows_of_a_step = 1000;  // of each table; some milliseconds
constexpr auto shortest_rest = milliseconds(1);
constexpr auto longest_rest = std::chrono::seconds(10);
constexpr auto after_a_failure = std::chrono::seconds(1);
constexpr auto round_after_a_failure = std::chrono::minutes(1);

}  // namespace

house_keeper::house_keeper(node_context_ptr node)
    : node_(std::move(node)),
      db_(node_->config.mysql),
      applications_(db_),
      deleted_(db_),
      old_(db_, node_->config.retained.kept),
      thread_([this] { run(); }) {}

house_keeper::~house_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void house_keeper::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  clock::duration rest = milliseconds(node_->config.limits.poll_interval_ms);
  while (!stop_wanted_.wait_for(lock, rest, [this] { return stopping_; })) {
    lock.unlock();
    try {
      rest = step();
    } catch (const std::exception& fault) {
      log::error("house_keeper.failed", {{"detail", fault.what()}});
      rest = after_a_failure;
    }
    lock.lock();
  }
}

/// One step of each kind of work; how long to rest.
house_keeper::clock::duration house_keeper::step() {
  const clock::duration until_asked_again = milliseconds(node_->config.limits.poll_interval_ms);
  if (node_->lead.epoch() == 0 || !node_->board.ok(check_schema)) {
    in_round_ = false;
    next_round_ = {};  // whoever leads anew looks at once
    return until_asked_again;
  }
  auto began = clock::now();
  bool more = false;
  for (auto work : {&house_keeper::purge_deleted, &house_keeper::purge_old}) {
    auto done = (this->*work)();
    if (!done) {
      troubles_.warn("house_keeper.store_failed", "purge", done.failure().detail);
      if (in_round_) next_round_ = clock::now() + round_after_a_failure;
      in_round_ = false;
      return after_a_failure;
    }
    more = more || *done;
  }
  if (!more) return until_asked_again;
  auto share = node_->config.retained.purge_percent;
  auto rest = (clock::now() - began) * (100 - share) / share;
  return std::clamp<clock::duration>(rest, shortest_rest, longest_rest);
}

result<bool> house_keeper::purge_deleted() {
  auto of_applications = applications_.purge(rows_of_a_step);
  if (!of_applications) return of_applications;
  auto gone = deleted_.purge(rows_of_a_step);
  if (!gone) return gone.failure();
  node_->numbers.purged("notifications", gone->notifications);
  node_->numbers.purged("deliveries", gone->deliveries);
  node_->numbers.purged("reports", gone->reports);
  return *of_applications || gone->more;
}

result<bool> house_keeper::purge_old() {
  if (!in_round_) {
    if (clock::now() < next_round_) return false;
    if (auto begun = old_.begin(); !begun) return begun.failure();
    in_round_ = true;
  }
  auto more = old_.step(rows_of_a_step);
  if (!more || *more) return more;
  in_round_ = false;
  next_round_ = clock::now() + std::chrono::seconds(node_->config.retained.look_seconds);
  tell_round();
  return false;
}

void house_keeper::tell_round() {
  const auto& done = old_.done();
  if (done.total() == 0) return;
  node_->numbers.purged("feed", done.feed_rows);
  node_->numbers.purged("history", done.history);
  node_->numbers.purged("devices", done.devices);
  node_->numbers.purged("idempotency_keys", done.idempotency_keys);
  log::info("house_keeper.purged", {{"notifications", std::to_string(done.notifications)},
                                    {"feed_rows", std::to_string(done.feed_rows)},
                                    {"history", std::to_string(done.history)},
                                    {"devices", std::to_string(done.devices)},
                                    {"idempotency_keys", std::to_string(done.idempotency_keys)}});
}

}  // namespace pusher
