// A node's process in the simulation, from its start to its end: the real supervisor with the real role
// actors, and what of a node has threads of its own: the keeper of the lease and the heartbeat.
#pragma once

#include <caf/all.hpp>

#include <memory>
#include <string>
#include <vector>

#include "actors/lease_machine.hpp"
#include "actors/node_context.hpp"
#include "actors/supervisor.hpp"
#include "tests/simulation/simulation.hpp"

namespace pusher::testing {

class simulated_process {
 public:
  /// Starts when time has come. `boot` counts the host's processes from 1.
  simulated_process(simulation& of, std::string host, std::vector<role_entry> roles, unsigned boot,
                    utc_ms start_at);

  const std::string& name() const { return name_; }
  bool alive() const { return alive_; }
  bool runs() const { return alive_ && of_.now() >= stopped_until_; }
  bool has(role which) const { return count(which) > 0; }
  /// How many actors of the role it has.
  unsigned count(role which) const;
  utc_ms skew_ms() const { return skew_ms_; }
  bool ended() const { return started_ && !alive_; }
  /// The host's next one.
  std::unique_ptr<simulated_process> successor() const;
  uint64_t leads() const { return alive_ ? node_->lead.epoch() : 0; }

  /// What time brings: its start, its heartbeat, a look at the lease, its end.
  void tick();
  void crash(const char* why);
  void stop(utc_ms for_ms);
  /// SIGTERM.
  void leave();
  void wake(role which);

 private:
  void start();
  void keep_lease();
  void end_politely();
  caf::strong_actor_ptr spawn(const role_place& place, const supervisor_actor& supervisor);

  simulation& of_;
  const std::string host_;
  const settings config_;
  const unsigned boot_;
  const std::string name_;
  bool started_ = false, alive_ = false, leaving_ = false;
  utc_ms skew_ms_ = 0, start_at_ = 0, stopped_until_ = 0, heartbeat_at_ = 0, lease_at_ = 0, leave_until_ = 0;
  node_context_ptr node_;
  supervisor_actor supervisor_;
  bool supervisor_ended_ = false;
  lease_machine keeper_{std::chrono::milliseconds(0)};
};

/// As all processes of a schedule are set up.
settings simulated_settings(std::vector<role_entry> roles);
constexpr unsigned unrecorded_window = 4;
constexpr unsigned streams_of_a_transport = 3;
constexpr const char* simulated_run = "simulated";

}  // namespace pusher::testing
