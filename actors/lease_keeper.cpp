#include "actors/lease_keeper.hpp"

#include <chrono>
#include <string>

#include "actors/lease_machine.hpp"
#include "actors/log.hpp"
#include "storage/lease_store.hpp"

namespace pusher {

namespace {

using clock = leadership::clock;

/// Asks the store what the machine wants to ask.
void ask(lease_machine& machine, lease_machine::action what, lease_store& leases, const node_context& node) {
  const auto lease_ms = node.config.limits.lease_ms;
  auto asked_at = clock::now();
  if (what == lease_machine::action::renew) {
    auto renewed = leases.renew(node.process, machine.epoch(), lease_ms);
    if (renewed)
      machine.renewed(asked_at);
    else if (renewed.failure().code == errc::fenced)
      machine.fenced();
  } else if (what == lease_machine::action::acquire) {
    auto taken = leases.acquire(node.process, lease_ms, node.predecessor);
    if (!taken || !*taken) return;
    machine.taken(**taken, asked_at);
    log::info("lease.taken", {{"epoch", std::to_string(machine.epoch())}});
  }
}

void release(lease_store& leases, uint64_t epoch, const node_context& node) {
  if (auto freed = leases.release(node.process, epoch); !freed)
    log::warn("lease.not_released", {{"detail", freed.failure().detail}});
}

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

void lease_keeper::look() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    look_ = true;
  }
  stop_wanted_.notify_all();
}

void lease_keeper::run() {
  database connection(node_->config.mysql);
  lease_store leases(connection);
  lease_machine machine(std::chrono::milliseconds(node_->config.limits.lease_ms));
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    // A lost journal is no reason not to lead: only a leader can rebuild it. One of another installation is.
    bool journal = node_->board.ok(check_journal) || node_->journal_broken;
    bool able = node_->lead.plays() && node_->board.ok(check_redis) && journal;
    if (!node_->lead.plays() && machine.epoch() != 0) {
      release(leases, machine.epoch(), *node_);
      machine.fenced();
    }
    auto led = machine.epoch();
    ask(machine, machine.next(able), leases, *node_);
    // Refused while nobody else holds it: we have raised the epoch ourselves.
    if (led != 0 && machine.epoch() == 0) ask(machine, machine.next(able), leases, *node_);
    if (auto lost = machine.ran_out(clock::now()))
      log::warn("lease.lost", {{"epoch", std::to_string(*lost)}});
    auto before = node_->lead.epoch();
    machine.tell(node_->lead);
    if (before != machine.epoch()) changed_();
    lock.lock();
    stop_wanted_.wait_for(lock, machine.pause(able), [this] { return stopping_ || look_; });
    look_ = false;
  }
  node_->lead.lose();
  if (machine.epoch() != 0) release(leases, machine.epoch(), *node_);
}

}  // namespace pusher
