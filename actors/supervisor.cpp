#include "actors/supervisor.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "actors/actor_list.hpp"
#include "actors/log.hpp"
#include "actors/name_exception.hpp"
#include "conf/load.hpp"
#include "http/gate.hpp"
#include "http/problem.hpp"

namespace pusher {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto report_wait = milliseconds(500);

struct child {
  role plays = role::api;
  unsigned index = 0;
  bool bulk = false;                  ///< an api actor kept for long requests
  std::vector<std::string> gateways;  ///< a push-sender's; empty = all
  bool renewed = false;               ///< it ends to begin anew: that is no failure
  bool leaving = false;               ///< an operator wants fewer: it ends by itself and is not started again
  caf::strong_actor_ptr running;
  unsigned failures = 0;  ///< in a row, for the back-off
  unsigned restarts = 0;
  clock::time_point started;
};

struct supervisor_state {
  explicit supervisor_state(supervisor_actor::pointer owner) : self(owner) {}

  void play() {
    for (const auto& entry : node->roles())
      for (unsigned i = 0; i < entry.count; ++i)
        add(entry.role, next_index[entry.role]++, false, entry.gateways);
    bool has_api = std::any_of(children.begin(), children.end(),
                               [](const auto& c) { return c.second.plays == role::api; });
    // Two: an import goes on while someone counts.
    for (unsigned i = 0; has_api && i < 2; ++i)
      add(role::api, 1000 + i, true);
    node->board.report(check_roles, true);
  }

  void add(role plays, unsigned index, bool bulk, std::vector<std::string> gateways = {}) {
    auto id = ++last_child;
    children[id] = {plays, index, bulk, std::move(gateways), false, false, nullptr, 0, 0, {}};
    start(id);
  }

  void start(uint64_t id) {
    auto& c = children.at(id);
    supervisor_actor me(self);
    if (c.plays == role::fan_out) node->lead.play(true);
    c.running = links.spawn({c.plays, c.index, c.gateways}, me);
    c.started = clock::now();
    self->monitor(c.running);
  }

  void restart(uint64_t id) {
    auto known = children.find(id);
    if (draining || known == children.end()) return;
    if (known->second.leaving)
      children.erase(known);
    else
      start(id);
  }

  void on_down(const caf::down_msg& down) {
    auto found = std::find_if(children.begin(), children.end(), [&](const auto& each) {
      return each.second.running && each.second.running->address() == down.source;
    });
    if (found == children.end()) return;
    auto& [id, c] = *found;
    c.running = nullptr;
    if (draining) {
      children.erase(found);
      return drain_next();
    }
    if (c.leaving) {
      log::info("role.ended", {{"role", to_string(c.plays)}, {"index", std::to_string(c.index)}});
      children.erase(found);
      return;
    }
    if (std::exchange(c.renewed, false)) return start(id);
    log::error("role.failed", {{"role", to_string(c.plays)}, {"reason", self->system().render(down.reason)}});
    if (c.plays == role::fan_out) node->lead.play(false);
    node->numbers.role_restarted(to_string(c.plays));
    auto now = clock::now();
    restarts.push_back(now);
    while (!restarts.empty() && now - restarts.front() > links.budget.window)
      restarts.pop_front();
    if (restarts.size() > links.budget.restarts) return give_up();
    if (now - c.started > links.budget.window) c.failures = 0;
    auto wait = std::min(links.budget.longest_back_off,
                         links.budget.first_back_off * (1 << std::min(c.failures, 10U)));
    ++c.failures;
    ++c.restarts;
    self->delayed_send(self, wait, restart_child{id});
  }

  /// What they hold in memory belongs to a journal that is gone: while the node is ending there is nothing
  /// left to finish. An api actor holds nothing of it.
  void renew() {
    for (auto& [id, c] : children) {
      if (c.plays == role::api || !c.running) continue;
      c.renewed = true;
      self->send_exit(c.running, caf::exit_reason::user_shutdown);
    }
    log::info("roles.renewed");
  }

  void give_up() {
    log::error("node.gives_up", {{"detail", "roles fail again and again"}});
    node->failed = true;
    start_drain();  // actors that nobody ends would keep the process
  }

  void pass_on(const client_request& asked) {
    bool bulk = http::is_long(asked.exchange->request());
    std::vector<caf::strong_actor_ptr> able;
    for (const auto& [id, c] : children)
      if (c.plays == role::api && c.bulk == bulk && c.running && !c.leaving) able.push_back(c.running);
    if (able.empty() || draining) {
      auto why =
          draining ? "The node is ending; ask another." : "The node is starting and waits for its stores.";
      asked.exchange->answer(http::problem({errc::store_unavailable, why, "", 1}, asked.exchange->request()));
      return;
    }
    auto& chosen = able[turn++ % able.size()];
    self->send(caf::actor_cast<api_actor>(chosen), asked);
  }

  void wake_all(role which) {
    for (const auto& [id, c] : children)
      if (c.plays == which && c.plays != role::api && c.running)
        self->send(caf::actor_cast<role_actor>(c.running), wake{});
  }

  void wake_everyone(role which) {
    wake_all(which);
    if (which != role::api) links.tell_others(which);
  }

  /// Which actors there are; who does not answer in time is shown as such.
  caf::result<std::string> report() {
    auto promise = self->make_response_promise<std::string>();
    auto answers = std::make_shared<actor_list>(children.size());
    if (children.empty()) promise.deliver(answers->text());
    for (const auto& [id, c] : children) {
      auto name = std::string(to_string(c.plays)) + "/" + std::to_string(c.index);
      actor_facts facts{name, to_string(c.plays), c.restarts, c.running ? "" : "waits for its restart"};
      if (!c.running) {
        if (answers->add(facts, nullptr)) promise.deliver(answers->text());
        continue;
      }
      auto take = [=](const actor_report& said) mutable {
        if (answers->add(facts, &said)) promise.deliver(answers->text());
      };
      auto miss = [=](const caf::error&) mutable {
        facts.missing = "busy or hanging: no answer in time";
        if (answers->add(facts, nullptr)) promise.deliver(answers->text());
      };
      // The chrono overload of request() would forget the priority.
      caf::duration wait{report_wait};
      if (c.plays == role::api)
        self->request<caf::message_priority::high>(caf::actor_cast<api_actor>(c.running), wait,
                                                   report_question{})
            .then(take, miss);
      else
        self->request<caf::message_priority::high>(caf::actor_cast<role_actor>(c.running), wait,
                                                   report_question{})
            .then(take, miss);
    }
    return promise;
  }

  inspect_answer scale(const std::string& text) {
    auto wanted = parse_roles(text);
    if (!wanted) return {false, text + ": " + wanted.failure().detail + "."};
    if (draining) return {false, "The node is ending."};
    if (wanted->size() != 1) return {false, "One role at a time, such as push-sender:fcm=4."};
    auto roles = node->roles();
    const auto& to = wanted->front();
    auto same = std::find_if(roles.begin(), roles.end(), [&](const auto& each) {
      return each.role == to.role && each.gateways == to.gateways;
    });
    if (same == roles.end())
      return {false, "This node does not play " + to_text(*wanted) + ": counts of " + to_text(roles) +
                         " can be changed. Other roles are given at its start."};
    if (to.role == role::fan_out) return {false, "There is one fan-out on a node; only one leads."};
    auto before = same->count;
    same->count = to.count;
    for (auto i = before; i < to.count; ++i)
      add(to.role, next_index[to.role]++, false, to.gateways);
    if (to.count < before) let_go(to, before - to.count);
    node->change_roles(roles);
    log::info("node.scaled", {{"roles", to_text(roles)}});
    return {true, ""};
  }

  /// The youngest of them finish what they hold, and end.
  void let_go(const role_entry& of, unsigned how_many) {
    for (auto at = children.rbegin(); at != children.rend() && how_many > 0; ++at) {
      auto& c = at->second;
      if (c.plays != of.role || c.bulk || c.gateways != of.gateways || c.leaving) continue;
      --how_many;
      c.leaving = true;
      if (c.running && c.plays == role::api) self->send(caf::actor_cast<api_actor>(c.running), drain{});
      if (c.running && c.plays != role::api) self->send(caf::actor_cast<role_actor>(c.running), drain{});
    }
  }

  void start_drain() {
    if (draining) return;
    draining = true;
    for (auto at = children.begin(); at != children.end();)
      at = at->second.running ? std::next(at) : children.erase(at);
    drain_next();
  }

  /// Upstream roles end first, so that what they hand on is still worked off where possible.
  void drain_next() {
    for (auto which : {role::api, role::fan_out, role::push_sender, role::result_writer}) {
      bool any = false;
      for (const auto& [id, c] : children) {
        if (c.plays != which) continue;
        any = true;
        if (drained_role == static_cast<int>(which)) continue;
        if (which == role::api)
          self->send(caf::actor_cast<api_actor>(c.running), drain{});
        else
          self->send(caf::actor_cast<role_actor>(c.running), drain{});
      }
      if (any) {
        drained_role = static_cast<int>(which);
        return;
      }
    }
    self->quit();
  }

  supervisor_actor::pointer self;
  node_context_ptr node;
  supervisor_links links;
  std::map<uint64_t, child> children;
  std::deque<clock::time_point> restarts;
  uint64_t last_child = 0;
  std::map<role, unsigned> next_index;  ///< numbered over all entries of a role: claims are told apart by it
  size_t turn = 0;
  int drained_role = -1;
  bool draining = false;
};

supervisor_actor::behavior_type supervise(supervisor_actor::stateful_pointer<supervisor_state> self,
                                          node_context_ptr node, supervisor_links links) {
  name_exceptions(self);
  self->state.node = std::move(node);
  self->state.links = std::move(links);
  self->set_down_handler([self](caf::down_msg& down) { self->state.on_down(down); });
  return {
      [self](play_roles) { self->state.play(); },
      [self](const client_request& asked) { self->state.pass_on(asked); },
      [self](wake_role what) { self->state.wake_everyone(what.role); },
      [self](wake_own what) { self->state.wake_all(what.role); },
      [self](actors_question) { return self->state.report(); },
      [self](const scale_roles& what) { return self->state.scale(what.entry); },
      [self](restart_child what) { self->state.restart(what.child); },
      [self](renew_roles) { self->state.renew(); },
      [self](drain) { self->state.start_drain(); },
  };
}

}  // namespace

supervisor_actor spawn_supervisor(caf::actor_system& system, node_context_ptr node, supervisor_links links) {
  return system.spawn(supervise, std::move(node), std::move(links));
}

}  // namespace pusher
