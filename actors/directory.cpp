// The node's face to the cluster. Whom there is it learns from the registry in Redis; of each pair the one
// whose process comes first in order connects, and keeps trying. Endpoints are kept, never handles: those die
// with a link.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>

#include "actors/cluster_parts.hpp"
#include "actors/log.hpp"
#include "actors/name_exception.hpp"
#include "actors/node_answers.hpp"
#include "conf/load.hpp"

namespace pusher {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto first_back_off = milliseconds(200);
constexpr auto longest_back_off = milliseconds(5'000);
constexpr auto hello_wait = std::chrono::seconds(2);
constexpr auto dial_wait = std::chrono::seconds(60);  // the dialer takes one after the other
// A campaign has hundreds of wake-ups a second, and one is as good as all of them.
constexpr auto wake_pause = milliseconds(5);

struct peer {
  known_node known;
  directory_actor handle;  ///< null = not connected
  bool dialing = false;
  unsigned failures = 0;
  clock::time_point next_try;
  std::string trouble;  ///< why it is not connected
};

struct directory_state {
  explicit directory_state(directory_actor::pointer owner) : self(owner) {}

  // -- peers --

  void meet(const std::vector<known_node>& others) {
    roster_read_at = clock::now();
    for (const auto& other : others) {
      auto& each = peers[other.record.process];
      each.known = other;
      if (other.record.protocol != cluster_protocol)
        trouble(each, "it speaks version " + std::to_string(other.record.protocol) +
                          " of the protocol, we speak " + std::to_string(cluster_protocol));
      else if (wants_dial(each))
        start_dial(other.record.process, each);
    }
    for (auto at = peers.begin(); at != peers.end();) {
      bool listed = std::any_of(others.begin(), others.end(),
                                [&](const auto& other) { return other.record.process == at->first; });
      at = listed || at->second.handle || at->second.dialing ? std::next(at) : peers.erase(at);
    }
    auto count = [&](auto counts) {
      return static_cast<size_t>(std::count_if(peers.begin(), peers.end(), counts));
    };
    node->numbers.peers(count([](const auto& each) { return each.second.known.alive; }),
                        count([](const auto& each) { return static_cast<bool>(each.second.handle); }));
  }

  bool wants_dial(const peer& each) const {
    const auto& other = each.known.record;
    return node->process < other.process && each.known.alive && !each.handle && !each.dialing &&
           !other.address.empty() && clock::now() >= each.next_try;
  }

  void start_dial(const std::string& process, peer& to) {
    auto at = split_address(to.known.record.address);
    if (!at) return trouble(to, "its address '" + to.known.record.address + "' is not HOST:PORT");
    to.dialing = true;
    self->request(links.dialer, dial_wait, dial{at->host, at->port})
        .then([this, process](const dialed& made) { was_dialed(process, made); },
              [this, process](const caf::error&) { failed_dial(process, "the connection took too long"); });
  }

  void was_dialed(const std::string& process, const dialed& made) {
    if (!made.peer) return failed_dial(process, made.why);
    auto handle = made.peer;
    self->request(handle, hello_wait, peer_hello{node->process})
        .then(
            [this, process, handle](const peer_hello& theirs) {
              if (theirs.process != process)
                return failed_dial(process, "another process answers at its address: " + theirs.process);
              joined(process, handle);
            },
            [this, process](const caf::error&) { failed_dial(process, "it does not answer"); });
  }

  void failed_dial(const std::string& process, const std::string& why) {
    auto found = peers.find(process);
    if (found == peers.end()) return;
    auto& each = found->second;
    each.dialing = false;
    auto wait = std::min(longest_back_off, first_back_off * (1 << std::min(each.failures, 8U)));
    ++each.failures;
    each.next_try = clock::now() + milliseconds(jitter(random) * wait.count() / 100);
    trouble(each, why);
  }

  /// One line when it begins or changes, however often it is tried.
  void trouble(peer& with, const std::string& why) {
    if (with.trouble == why) return;
    with.trouble = why;
    log::warn("cluster.not_connected",
              {{"node", with.known.record.process}, {"address", with.known.record.address}, {"detail", why}});
  }

  void joined(const std::string& process, const directory_actor& handle) {
    auto& each = peers[process];
    each.known.record.process = process;
    each.dialing = false;
    each.failures = 0;
    each.trouble.clear();
    each.handle = handle;
    self->monitor(handle);
    log::info("cluster.connected", {{"node", process}});
    // What happened meanwhile was told to nobody.
    for (auto which : {role::fan_out, role::push_sender, role::result_writer})
      self->send(links.supervisor, wake_own{which});
  }

  /// Its claims are still its own while its heartbeat is there; the wake-up makes everyone look.
  void lost(const caf::down_msg& down) {
    for (auto& [process, each] : peers) {
      if (!each.handle || each.handle->address() != down.source) continue;
      each.handle = nullptr;
      each.next_try = clock::now() + milliseconds(jitter(random));
      log::warn("cluster.lost", {{"node", process}});
      each.trouble = "the connection broke off";
      for (auto which : {role::fan_out, role::push_sender, role::result_writer})
        self->send(links.supervisor, wake_own{which});
    }
  }

  peer_hello greet(const peer_hello& theirs) {
    if (auto from = caf::actor_cast<directory_actor>(self->current_sender()); from)
      joined(theirs.process, from);
    return {node->process};
  }

  // -- wake-ups --

  void wake_others(role which) {
    waking |= 1U << static_cast<unsigned>(which);
    if (flush_pending) return;
    auto now = clock::now();
    if (now - flushed_at >= wake_pause) return flush();
    flush_pending = true;
    self->delayed_send(self, wake_pause, flush_wakes{});
  }

  void offer_lead() {
    for (const auto& [process, each] : peers)
      if (each.handle && plays(each, role::fan_out)) self->send(each.handle, lead_is_free{});
  }

  static bool plays(const peer& each, role which) {
    return each.known.record.roles.find(to_string(which)) != std::string::npos;
  }

  void flush() {
    flush_pending = false;
    flushed_at = clock::now();
    for (const auto& [process, each] : peers)
      for (auto which : {role::fan_out, role::push_sender, role::result_writer})
        if (each.handle && (waking & (1U << static_cast<unsigned>(which))) && plays(each, which))
          self->send(each.handle, wake_own{which});
    waking = 0;
  }

  // -- questions --

  /// Whom operators are told of, with the time since the registry was read.
  std::vector<peer_view> views() const {
    auto since = static_cast<uint64_t>(
        std::chrono::duration_cast<milliseconds>(clock::now() - roster_read_at).count());
    std::vector<peer_view> made;
    for (const auto& [process, each] : peers)
      made.push_back(
          {{each.known.record, each.known.age_ms + since, each.known.alive, each.trouble}, each.handle});
    return made;
  }

  directory_actor::pointer self;
  node_context_ptr node;
  directory_links links;
  std::optional<node_answers> answers;
  std::map<std::string, peer> peers;  ///< by process
  clock::time_point roster_read_at = clock::now();
  std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> jitter{50, 150};  ///< percent
  unsigned waking = 0;                                 ///< roles, as bits
  bool flush_pending = false;
  clock::time_point flushed_at;
};

directory_actor::behavior_type direct(directory_actor::stateful_pointer<directory_state> self,
                                      node_context_ptr node, directory_links links) {
  name_exceptions(self);
  self->state.node = std::move(node);
  self->state.links = std::move(links);
  self->state.answers.emplace(self, self->state.node, self->state.links,
                              [self] { return self->state.views(); });
  self->set_down_handler([self](caf::down_msg& down) { self->state.lost(down); });
  return {
      [self](const roster_update& now) { self->state.meet(*now.others); },
      [self](wake_role what) { self->state.wake_others(what.role); },
      [self](wake_own what) { self->send(self->state.links.supervisor, what); },
      [self](lead_given_back) { self->state.offer_lead(); },
      [self](lead_is_free) { self->state.links.lead_is_free(); },
      [self](flush_wakes) { self->state.flush(); },
      [self](const peer_hello& theirs) { return self->state.greet(theirs); },
      [self](const inspect_question& asked) { return self->state.answers->answer(asked); },
  };
}

}  // namespace

directory_actor spawn_directory(caf::actor_system& system, node_context_ptr node, directory_links links) {
  return system.spawn(direct, std::move(node), std::move(links));
}

}  // namespace pusher
