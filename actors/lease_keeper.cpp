#include "actors/lease_keeper.hpp"

#include <chrono>

#include "actors/log.hpp"
#include "storage/lease_store.hpp"

namespace pusher {

namespace {

using clock = leadership::clock;
using std::chrono::milliseconds;

/// The lease as this thread sees it. `mine` is measured from before each call: our end comes before the
/// database's.
struct tenure {
  uint64_t epoch = 0;
  clock::time_point until;
};

}  // namespace

lease_keeper::lease_keeper(node_context_ptr node, std::function<void()> changed)
    : node_(std::move(node)), changed_(std::move(changed)), thread_([this] { run(); }) {}

lease_keeper::~lease_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void lease_keeper::run() {
  const auto lease_ms = node_->config.limits.lease_ms;
  // Stop acting this much before the lease runs out: a commit under way must not outlive it.
  const auto margin = milliseconds(lease_ms / 5);
  const auto interval = milliseconds(lease_ms / 5);
  const auto until_able = milliseconds(100);
  database connection(node_->config.mysql);
  lease_store leases(connection);
  tenure ours;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    auto asked_at = clock::now();
    // A leader that cannot reach Redis can do nothing: let another try.
    bool able = node_->board.ok(check_redis) && node_->board.ok(check_journal);
    if (ours.epoch != 0 && able) {
      auto renewed = leases.renew(node_->process, ours.epoch, lease_ms);
      if (renewed)
        ours.until = asked_at + milliseconds(lease_ms) - margin;
      else if (renewed.failure().code == errc::fenced)
        ours.epoch = 0;
    } else if (ours.epoch == 0 && able) {
      auto taken = leases.acquire(node_->process, lease_ms, node_->predecessor);
      if (taken && *taken) {
        ours = {**taken, asked_at + milliseconds(lease_ms) - margin};
        log::info("lease.taken", {{"epoch", std::to_string(ours.epoch)}});
      }
    }
    if (ours.epoch != 0 && clock::now() >= ours.until) {
      log::warn("lease.lost", {{"epoch", std::to_string(ours.epoch)}});
      ours.epoch = 0;
    }
    auto before = node_->lead.epoch();
    if (ours.epoch != 0)
      node_->lead.hold(ours.epoch, ours.until);
    else
      node_->lead.lose();
    if (before != ours.epoch) changed_();
    lock.lock();
    stop_wanted_.wait_for(lock, able ? interval : until_able, [this] { return stopping_; });
  }
  node_->lead.lose();
  if (ours.epoch != 0) {
    if (auto freed = leases.release(node_->process, ours.epoch); !freed)
      log::warn("lease.not_released", {{"detail", freed.failure().detail}});
  }
}

}  // namespace pusher
