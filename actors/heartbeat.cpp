#include "actors/heartbeat.hpp"

#include <algorithm>
#include <chrono>

#include "conf/load.hpp"

namespace pusher {

namespace {

constexpr unsigned longest_pause_ms = 500;  // operators' orders and other nodes are heard of by then
constexpr auto pause_after_failure = std::chrono::milliseconds(200);

}  // namespace

heartbeat::heartbeat(node_context& node, hooks to)
    : node_(node), hooks_(std::move(to)), registry_(node.config.redis), checks_(node), thread_([this] {
        run();
      }) {}

heartbeat::~heartbeat() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
  (void)registry_.withdraw(node_.process);
}

void heartbeat::run() {
  node_.board.report(check_redis, false, "not asked yet");
  const std::chrono::milliseconds pause(std::min(longest_pause_ms, node_.config.limits.heartbeat_ms));
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    bool well = beat();
    lock.lock();
    stop_wanted_.wait_for(lock,
                          well ? pause : std::min<std::chrono::milliseconds>(pause, pause_after_failure),
                          [this] { return stopping_; });
  }
}

bool heartbeat::beat() {
  node_.machine.sample();
  if (!checks_.told(check_redis, announce())) return false;
  meet();
  return true;
}

result<void> heartbeat::announce() {
  node_record ours;
  ours.name = node_.config.node_name;
  ours.process = node_.process;
  ours.address = node_.address;
  ours.roles = to_text(node_.roles());
  ours.version = PUSHER_VERSION;
  ours.admin = to_text(node_.config.admin);
  for (const auto& each : node_.config.roles)
    if (each.role == role::api) ours.api = to_text(node_.config.api);
  ours.started_at = node_.started_at;
  ours.ready = node_.board.ready();
  ours.draining = node_.board.draining();
  auto fresh = registry_.announce(node_.process, encode(ours), 3 * node_.config.limits.heartbeat_ms);
  if (!fresh) return fresh.failure();
  if (*fresh) introduced_ = true;
  return {};
}

/// All nodes go by Redis's clock, however wrong this host's is: gateways refuse what is signed an hour from
/// now.
void heartbeat::keep_time() {
  auto asked_at = steady_ms();
  auto theirs = registry_.clock();
  if (!theirs) return;
  if (auto changed = follow_clock(*theirs, asked_at); changed != 0)
    log::warn("clock.corrected",
              {{"by_ms", std::to_string(changed)},
               {"detail", "this host's clock and that of Redis differ: set them right, e.g. by NTP"}});
}

/// What other nodes and operators say through the registry. What is not answered stays as it was.
void heartbeat::meet() {
  keep_time();
  if (auto listed = registry_.list()) {
    auto others = std::make_shared<std::vector<known_node>>();
    for (const auto& each : *listed)
      if (auto record = decode_node_record(each.record); record && each.process != node_.process)
        others->push_back({std::move(*record), each.age_ms, each.alive});
    hooks_.roster(std::move(others));
  }
  if (auto held = registry_.held_stages())
    if (node_.stages.hold_only(*held)) hooks_.stages_changed();
}

}  // namespace pusher
