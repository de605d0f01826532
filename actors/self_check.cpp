#include "actors/self_check.hpp"

#include <chrono>
#include <exception>

#include "actors/log.hpp"

namespace pusher {

self_check::self_check(node_context_ptr node)
    : node_(std::move(node)), auditor_(node_->config), thread_([this] { run(); }) {}

self_check::~self_check() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void self_check::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto pause = std::chrono::seconds(node_->config.limits.self_check_seconds);
  while (!stop_wanted_.wait_for(lock, pause, [this] { return stopping_; })) {
    lock.unlock();
    try {
      look();
    } catch (const std::exception& fault) {
      log::error("self_check.failed", {{"detail", fault.what()}});
    }
    lock.lock();
  }
}

void self_check::look() {
  bool leads = node_->lead.epoch() != 0 && node_->board.ok(check_journal);
  if (leads != leading_) {
    leading_ = leads;
    auditor_.begin();
    node_->checked.forget();
    node_->numbers.self_checked({});
  }
  if (!leads) return;
  auto found = auditor_.look(now_ms());
  // A store that is away is the store keeper's to tell.
  if (!found) return log::debug("self_check.put_off", {{"detail", found.failure().detail}});
  node_->numbers.self_checked(*found);
  node_->checked.found(std::move(*found));
}

}  // namespace pusher
