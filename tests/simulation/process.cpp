#include "tests/simulation/process.hpp"

#include <algorithm>

#include "actors/configured_channels.hpp"
#include "actors/roles.hpp"
#include "storage/journal_keys.hpp"
#include "tests/simulation/actor_world.hpp"

namespace pusher::testing {

namespace {

constexpr utc_ms heartbeat_ms = 2000;
constexpr utc_ms longest_leave_ms = 25'000;

journal_keys names() {
  return journal_keys(redis_settings().cluster);
}

}  // namespace

settings simulated_settings(std::vector<role_entry> roles) {
  settings made;
  made.roles = std::move(roles);
  made.limits.devices_per_batch = 3;
  made.limits.unrecorded_answers = unrecorded_window;
  made.limits.attempts = 3;
  made.limits.retry_wait_cap_seconds = 2;
  made.fcm_legacy.server_key = "key";
  made.fcm.messages_per_minute = 0;
  return made;
}

simulated_process::simulated_process(simulation& of, std::string host, std::vector<role_entry> roles,
                                     unsigned boot, utc_ms start_at)
    : of_(of),
      host_(std::move(host)),
      config_(simulated_settings(std::move(roles))),
      boot_(boot),
      name_(host_ + "/" + std::to_string(boot)),
      start_at_(start_at) {}

std::unique_ptr<simulated_process> simulated_process::successor() const {
  return std::make_unique<simulated_process>(of_, host_, config_.roles, boot_ + 1, start_at_);
}

unsigned simulated_process::count(role which) const {
  unsigned found = 0;
  for (const auto& each : config_.roles)
    if (each.role == which) found += each.count;
  return found;
}

void simulated_process::start() {
  auto predecessor = boot_ > 1 ? host_ + "/" + std::to_string(boot_ - 1) : std::string();
  of_.trace(name_ + " starts");
  started_ = alive_ = true;
  skew_ms_ = of_.below(7'200'001) - 3'600'000;
  keeper_ = lease_machine(std::chrono::milliseconds(config_.limits.lease_ms));
  auto keys = names();
  if (!predecessor.empty()) of_.execute({"DEL", keys.heartbeat_prefix + predecessor});
  of_.execute({"SET", keys.heartbeat_prefix + name_, std::to_string(3 * heartbeat_ms), "PX",
               std::to_string(3 * heartbeat_ms)});
  of_.execute({"HSET", keys.configured, host_, to_text(served_channels(config_, config_.roles), of_.now())});
  node_ = std::make_shared<node_context>(config_);
  node_->process = name_;
  node_->predecessor = predecessor;
  node_->change_run(simulated_run);
  for (const auto& each : {check_mariadb, check_redis, check_schema, check_journal})
    node_->board.report(each, true);
  supervisor_links links;
  links.spawn = [this](const role_place& place, const supervisor_actor& by) { return spawn(place, by); };
  links.tell_others = [this](role which) {
    for (const auto& each : of_.processes_)
      if (each.get() != this && !of_.fault(of_.plan_.lost_wake)) each->wake(which);
  };
  links.budget.restarts = 1'000'000;
  supervisor_ = spawn_supervisor(actor_world::instance().system(), node_, std::move(links));
  of_.owners_[supervisor_->id()] = this;
  supervisor_->attach_functor([this] { supervisor_ended_ = true; });
  caf::anon_send(supervisor_, play_roles{});
}

caf::strong_actor_ptr simulated_process::spawn(const role_place& place, const supervisor_actor& by) {
  auto& system = actor_world::instance().system();
  auto made = place.plays == role::fan_out       ? spawn_fan_out(system, node_, by)
              : place.plays == role::push_sender ? spawn_push_sender(system, node_, by, place.index, {})
                                                 : spawn_result_writer(system, node_, by, place.index);
  of_.owners_[made->id()] = this;
  return caf::actor_cast<caf::strong_actor_ptr>(made);
}

void simulated_process::wake(role which) {
  if (alive_) caf::anon_send(supervisor_, wake_own{which});
}

void simulated_process::tick() {
  if (!started_ && of_.now() >= start_at_) return start();
  if (!runs()) return;
  if (leaving_ && supervisor_ended_) return end_politely();
  if (leaving_ && of_.now() >= leave_until_) return crash("has not ended in time");
  if (of_.now() >= heartbeat_at_ && of_.redis_away_until_ <= of_.now()) {
    heartbeat_at_ = of_.now() + heartbeat_ms;
    of_.execute({"SET", names().heartbeat_prefix + name_, std::to_string(3 * heartbeat_ms), "PX",
                 std::to_string(3 * heartbeat_ms)});
  }
  if (has(role::fan_out) && of_.now() >= lease_at_) keep_lease();
}

/// One look, as the lease keeper's thread takes it (actors/lease_keeper.cpp).
void simulated_process::keep_lease() {
  auto* before = std::exchange(of_.running_, this);
  auto asked_at = leadership::clock::now();
  bool able = of_.redis_away_until_ <= of_.now();
  lease_at_ = of_.now() + keeper_.pause(able).count();
  auto& lease = of_.rows.lease;
  auto ms = utc_ms{config_.limits.lease_ms};
  try {
    switch (keeper_.next(able)) {
      case lease_machine::action::wait:
        break;
      case lease_machine::action::renew: {
        auto renewed = of_.ask_database<bool>(
            "renew", [&lease, ms, this, name = name_, epoch = keeper_.epoch()]() -> result<bool> {
              return lease.renew(name, epoch, ms, of_.now());
            });
        if (renewed) *renewed ? keeper_.renewed(asked_at) : keeper_.fenced();
        break;
      }
      case lease_machine::action::acquire: {
        using epoch = std::optional<uint64_t>;
        auto taken = of_.ask_database<epoch>(
            "acquire", [&lease, ms, this, name = name_, before_us = node_->predecessor]() -> result<epoch> {
              return lease.acquire(name, ms, before_us, of_.now());
            });
        if (taken && *taken) keeper_.taken(**taken, asked_at);
      }
    }
    keeper_.ran_out(leadership::clock::now());
    auto was = node_->lead.epoch();
    keeper_.tell(node_->lead);
    if (was != keeper_.epoch()) caf::anon_send(supervisor_, wake_own{role::fan_out});
  } catch (const process_died&) {
  } catch (const std::runtime_error&) {
    // Nothing that an actor's fault could befall.
  }
  of_.running_ = before;
}

void simulated_process::crash(const char* why) {
  if (!alive_) return;
  of_.trace(name_ + " crashes: " + why);
  ++of_.outcome_.crashes;
  if (has(role::push_sender)) of_.ledger.sender_endangered(name_, count(role::push_sender));
  alive_ = false;
  start_at_ = of_.now() + of_.below(3000);
  caf::anon_send_exit(supervisor_, caf::exit_reason::kill);
  of_.run_jobs_of(*this);
}

void simulated_process::stop(utc_ms for_ms) {
  if (!runs()) return;
  of_.trace(name_ + " is stopped for " + std::to_string(for_ms) + " ms");
  if (has(role::push_sender)) of_.ledger.sender_endangered(name_, count(role::push_sender));
  stopped_until_ = of_.now() + for_ms;
}

void simulated_process::leave() {
  if (!runs() || leaving_) return;
  of_.trace(name_ + " leaves");
  leaving_ = true;
  leave_until_ = of_.now() + longest_leave_ms;
  caf::anon_send(supervisor_, drain{});
}

void simulated_process::end_politely() {
  of_.trace(name_ + " has left");
  if (keeper_.epoch() != 0) of_.rows.lease.release(name_, keeper_.epoch());
  of_.execute({"DEL", names().heartbeat_prefix + name_});
  alive_ = false;
  start_at_ = of_.now() + of_.below(3000);
}

}  // namespace pusher::testing
