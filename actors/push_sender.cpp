// The push-sender: takes push batches from the journal, sends them through its transports, and records what
// became of each target. It needs Redis alone.
#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

#include "actors/batch_traces.hpp"
#include "actors/journal_values.hpp"
#include "actors/log.hpp"
#include "actors/repeated_trouble.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "actors/sender_machine.hpp"
#include "actors/sender_report.hpp"
#include "actors/sender_routes.hpp"
#include "actors/sender_transports.hpp"
#include "actors/suspect_turn.hpp"
#include "http/json_writer.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

namespace {

sender_bounds bounds_of(const limits_settings& limits) {
  sender_bounds bounds;
  bounds.attempts = limits.attempts;
  bounds.retry_wait_cap_ms = utc_ms{limits.retry_wait_cap_seconds} * 1000;
  bounds.record_answers = std::max(1U, limits.unrecorded_answers / 2);
  bounds.record_interval_ms = limits.record_interval_ms;
  return bounds;
}

class sender_role : public role_loop<sender_role> {
 public:
  sender_role(role_actor::pointer self, node_context_ptr node, supervisor_actor supervisor, unsigned index,
              const std::vector<std::string>& gateways)
      : role_loop(self, std::chrono::milliseconds(node->config.limits.poll_interval_ms)),
        self_(self),
        node_(std::move(node)),
        supervisor_(std::move(supervisor)),
        index_(index),
        machine_(bounds_of(node_->config.limits), std::random_device{}()),
        journal_(node_->config.redis, node_->run_id(), node_->consumer("push-sender", index)),
        transports_(node_->config, gateways, node_->secrets, node_->tokens,
                    [owner = role_actor(self)] { caf::anon_send(owner, proceed{false}); }),
        routes_(journal_, transports_, machine_),
        turn_(node_->suspects_of, index + 1),
        traces_(node_->spans) {
    fail_point("push_sender.starting");
    if (!node_->config.fcm_legacy.server_key.empty())
      log::warn(
          "push_sender.fcm_legacy",
          {{"detail", node_->config.fcm.service_account_file.empty()
                          ? "Google ended FCM's legacy API in 2024: only compatible proxies answer it; use "
                            "fcm.service_account_file"
                          : "fcm_legacy.server_key is not used: fcm.service_account_file is there"}});
  }

  /// Due times and expiry are judged by Redis's clock.
  utc_ms now() const { return steady_ms() + ahead_of_steady_; }
  void woken() {
    machine_.woken();
    routes_known_ = false;
    // The writer's wake-up says that fewer results wait now; without asking we would pause until the next
    // poll.
    if (!machine_.results_are_full()) return;
    if (auto depth = journal_.results_depth()) machine_.results_wait(*depth);
  }
  /// What is claimed of a journal that is gone can neither be finished nor handed back.
  bool drained() const { return machine_.drained() || (draining_ && journal_lost_); }

  void start_drain() {
    draining_ = true;
    machine_.drain();
    transports_.each([](auto& each) { each.transport->withdraw_all(); });
  }

  void poll() {
    machine_.woken();
    auto promoted = journal_.promote(1000);
    if (!promoted) return failed("promote", promoted.failure());
    follow_clock_of_redis(promoted->now);
    next_due_at_ = promoted->next_due_at;
    auto depth = journal_.results_depth();
    if (!depth) return failed("measure", depth.failure());
    machine_.results_wait(*depth);
    if (!look()) return;
    // Claims and records tell it sooner, as long as there are any.
    if (auto controls = journal_.load_controls(); !controls)
      return failed("load_controls", controls.failure());
    machine_.controls_are_at(journal_.control_version());
    keep_transports();
    take_over();
  }

  actor_report report() {
    http::json_text out;
    out.open();
    write_counters(out, machine_.counters(), machine_.results_are_full());
    out.key("gateways");
    out.open_list();
    transports_.each([&](auto& each) { write_gateway(out, each, name_of(each.route.application)); });
    out.close_list();
    out.close();
    actor_report made;
    made.name = "push-sender/" + std::to_string(index_);
    made.claimed = machine_.open_batches();
    made.detail = out.take();
    return made;
  }

  step_result step() {
    machine_.hold(node_->stages.held(role::push_sender));
    // By a clock that is wrong a retry would come back hours later.
    if (!clock_known_) poll();
    if (!clock_known_) return {};
    // Claims of our own from before a restart come first: later they could not be told from new ones.
    if (!took_own_ && (routes_known_ || !look() || !take_over())) return {};
    for (auto& each : transports_.take_answers()) {
      fail_point("push_sender.answered");
      traces_.answered(each.answers);
      machine_.answered(each.outlet, each.answers, now());
    }
    // Until it is known what was canceled, and what is still ours, nothing of what the transports hold leaves
    // beyond their windows.
    if (machine_.knows_controls() && !machine_.doubts_claims()) free_windows();
    if (!routes_known_ && !look()) return failed_look();
    transports_.each([this](auto& each) {
      if (!each.retired) routes_.decide(each.route, now());
    });
    if (next_due_at_ > 0 && now() >= next_due_at_) return promote();
    // Of all senders of this process one at a time sends suspects: they would die together, and the innocent
    // with them.
    if (machine_.holds_suspects()) machine_.may_send_suspects(turn_.take());
    turn_.keep_if(machine_.holds_suspects());
    auto action = machine_.next(now());
    if (auto* idle = std::get_if<sender_machine::idle>(&action)) {
      node_->numbers.sender(index_, machine_.counters(), machine_.open_batches());
      auto until = idle->until;
      auto granted = take_grants();
      if (granted > 0 && (until == 0 || granted < until)) until = granted;
      if (next_due_at_ > 0 && (until == 0 || next_due_at_ < until)) until = next_due_at_;
      return {false, until};
    }
    return std::visit([this](auto& what) { return perform(what); }, action);
  }

 private:
  /// Somebody may set that clock: what waits here waits on for as long as it was to.
  void follow_clock_of_redis(utc_ms theirs) {
    auto by = theirs - now();
    ahead_of_steady_ += by;
    if (clock_known_ && std::abs(by) > shortest_leap_ms) machine_.clock_moved(by);
    clock_known_ = true;
  }

  /// Of what was recorded, and of answers to batches that others have taken over: those wait for no record of
  /// ours, and may fill a window while there is nothing to record.
  void free_windows() {
    for (const auto& [outlet, answers] : machine_.take_released())
      if (auto* of = transports_.find(outlet)) of->transport->recorded(answers);
  }

  step_result promote() {
    auto promoted = journal_.promote(1000);
    if (!promoted) {
      next_due_at_ = 0;  // the next poll asks again
      return failed_step("promote", promoted.failure());
    }
    follow_clock_of_redis(promoted->now);
    next_due_at_ = promoted->next_due_at;
    if (promoted->moved > 0) {
      machine_.woken();
      routes_known_ = false;
      self_->send(supervisor_, wake_role{role::push_sender});
    }
    return {true, 0};
  }

  /// What there is to do, and with which credentials; false when the journal does not say.
  bool look() {
    auto looked = routes_.look(now());
    routes_known_ = looked.ok();
    if (!looked) failed("look", looked.failure());
    return routes_known_;
  }

  step_result failed_look() {
    machine_.store_failed(now());
    return {false, now() + 500};
  }

  /// The rounds of the transports: tokens, numbers, what is wrong, and what is not needed any more.
  void keep_transports() {
    // Signed in before the first push comes; and what is wrong with them is said at the start.
    for (auto route : transports_.configured_routes())
      if (transports_.serves(route, now())) open(route);
    journal_values shared(journal_);
    if (auto done = transports_.synchronize(shared); !done) failed("share_tokens", done.failure());
    transport_numbers numbers;
    transports_.each([&](auto& each) {
      auto stats = each.transport->stats();
      const auto& app = name_of(each.route.application);
      numbers.add(app, to_string(each.route.channel), stats);
      if (each.governor) each.governor->correct(stats);
      if (each.governor && each.governor->governs())
        numbers.allow(app, to_string(each.route.channel), each.governor->per_minute() / 60.0);
      if (!each.retired) tell_of_trouble(each, stats.trouble);
    });
    transports_.each_past([&](push_route route, const transport_stats& totals) {
      numbers.add_past(name_of(route.application), to_string(route.channel), totals);
    });
    node_->numbers.transports(index_, numbers);
    transports_.tidy(now());
  }

  /// An application's name, also after it lost its last credential.
  const std::string& name_of(application_id app) {
    auto& name = names_[app];
    if (const auto& now = transports_.index().name_of(app); !now.empty()) name = now;
    return name;
  }

  /// When more can be had, 0 = nothing is wanted.
  utc_ms take_grants() {
    utc_ms soonest = 0;
    transports_.each([&](auto& each) {
      if (!each.governor || !each.governor->governs()) return;
      auto next = each.governor->work(journal_, *each.transport, now());
      if (!next) return failed("take_rate", next.failure());
      if (*next > 0 && (soonest == 0 || *next < soonest)) soonest = *next;
    });
    return soonest;
  }

  /// False when the journal refused, or nothing is known of credentials yet.
  bool take_over() {
    bool whole = routes_.known();
    for (auto route : routes_.busy(now()))
      whole = take_over(route) && whole;
    took_own_ = took_own_ || whole;
    return whole;
  }

  /// Whether it may send suspects is known before it has them: those that wait say so at once.
  void admit(push_route route, std::vector<claim> claims, bool maybe_more) {
    machine_.may_send_suspects(turn_.take());
    machine_.claimed(route, std::move(claims), maybe_more, now());
    turn_.keep_if(machine_.holds_suspects());
  }

  /// Whether a heartbeat that is missing says that its process is dead. While Redis was away none could be
  /// renewed, and those who live need a moment to do it.
  bool knows_the_dead() const {
    auto lifetime = std::chrono::milliseconds(3 * node_->config.limits.heartbeat_ms);
    return !cut_off_at_ || std::chrono::steady_clock::now() >= *cut_off_at_ + lifetime;
  }

  bool take_over(push_route route) {
    for (const auto& queue : routes_.queues_of(route)) {
      bool all = knows_the_dead() && !machine_.holds_suspects(queue);
      auto of = all ? journal::claims_of::the_dead : journal::claims_of::our_own;
      auto taken = journal_.take_over_batches(queue, machine_.entries_of(queue), 16, of);
      if (!taken) {
        failed("take_over", taken.failure());
        return false;
      }
      for (const auto& entry : journal_.take_buried()) {
        log::error(
            "journal.dead_letter",
            {{"queue", queue}, {"entry", entry}, {"reason", "claimed again and again without progress"}});
        node_->numbers.dead_letter("push-sender", "no_progress");
      }
      if (!taken->empty())
        log::info("push_sender.took_over", {{"queue", queue}, {"batches", std::to_string(taken->size())}});
      admit(route, std::move(*taken), true);
    }
    return true;
  }

  /// The route's transport; null when there is none now, and the machine knows.
  sender_transports::outlet* open(push_route route) {
    auto opened = transports_.open(route, journal_, now());
    if (!opened) {
      failed("open", opened.failure());
      machine_.store_failed(now());
    } else if (*opened && (*opened)->tokens && !(*opened)->tokens->token()) {
      journal_values shared(journal_);
      if (auto done = transports_.synchronize(shared); !done) failed("share_tokens", done.failure());
    }
    for (const auto& [credential, why] : transports_.take_failures()) {
      log::error("push_sender.no_transport", {{"credential", credential}, {"detail", why}});
      publish_trouble(credential, why);
    }
    if (opened && *opened) return *opened;
    routes_.decide(route, now());
    return nullptr;
  }

  step_result perform(sender_machine::idle& what) { return {false, what.until}; }

  step_result perform(sender_machine::claim_work& what) {
    std::vector<claim> all;
    bool maybe_more = false;
    // Without a credential anywhere, claims are only taken to be skipped.
    if (!routes_.is_closed(what.route) || transports_.serves(what.route, now()))
      if (!routes_.queues_of(what.route).empty() && !open(what.route)) return {true, 0};
    for (const auto& queue : routes_.queues_of(what.route)) {
      if (what.urgent_only && push_queue::parse(queue)->lane != lane::transactional) continue;
      auto left = what.batches - std::min(what.batches, all.size());
      if (left == 0) {
        maybe_more = true;
        break;
      }
      auto claims = journal_.claim_batches(queue, left);
      if (!claims) {
        // What was claimed so far is ours and must not be forgotten. A claim whose reply was lost is found by
        // the next poll.
        admit(what.route, std::move(all), true);
        return failed_step("claim", claims.failure());
      }
      if (!claims->empty()) fail_point("push_sender.claimed");
      maybe_more = maybe_more || claims->size() == left;
      std::move(claims->begin(), claims->end(), std::back_inserter(all));
    }
    machine_.controls_are_at(journal_.control_version());
    // Whoever put work there saw a credential. Has it been taken away since, or did we not hear of it yet?
    if (!all.empty() && routes_.is_closed(what.route))
      if (auto followed = routes_.follow_credentials(now()); !followed) {
        machine_.unserved(what.route);
        failed("follow_credentials", followed.failure());
      }
    admit(what.route, std::move(all), maybe_more);
    return {true, 0};
  }

  step_result perform(sender_machine::load_controls&) {
    auto controls = journal_.load_controls();
    if (!controls) return failed_step("load_controls", controls.failure());
    machine_.controlled(std::move(*controls));
    return {true, 0};
  }

  step_result perform(sender_machine::load_contents& what) {
    auto contents = journal_.contents(what.keys);
    if (!contents) return failed_step("load_contents", contents.failure());
    for (size_t i = 0; i < what.keys.size(); ++i) {
      auto& content = contents->at(i);
      if (!content)
        // Its id stood there; a sender knows of no other place.
        log::error("push_sender.content_missing", {{"notification_key", std::to_string(what.keys[i].value)}});
      machine_.content_loaded(what.keys[i], std::move(content), now());
    }
    return {true, 0};
  }

  step_result perform(sender_machine::reserve& what) {
    auto due = journal_.reserve_rate(what.notification, what.per_second, what.targets);
    if (!due) return failed_step("reserve_rate", due.failure());
    machine_.reserved(what.order, *due, now());
    return {true, 0};
  }

  step_result perform(sender_machine::submit& what) {
    if (auto* to = open(what.route)) {
      traces_.submitting(what.order, what.route);
      transports_.submit(*to, std::move(what.order), now());
      return {true, 0};
    }
    std::vector<push_answer> unsent;
    for (auto number : what.order.numbers) {
      unsent.push_back({what.order.id, number, {}});
      unsent.back().verdict.kind = verdict_kind::unsent;
    }
    machine_.answered(0, unsent, now());
    return {true, 0};
  }

  step_result perform(sender_machine::withdraw& what) {
    if (what.lost) log::warn("push_sender.claim_lost", {{"order", std::to_string(what.order)}});
    transports_.each([&](auto& each) { each.transport->withdraw(what.order); });
    return {true, 0};
  }

  step_result perform(sender_machine::commit& what) {
    bool results = std::any_of(what.commits->begin(), what.commits->end(),
                               [](const auto& each) { return !each.results.results.empty(); });
    bool finished = std::any_of(what.commits->begin(), what.commits->end(),
                                [](const auto& each) { return each.finished; });
    if (finished) fail_point("push_sender.recording");
    auto made = journal_.record(*what.commits);
    if (!made) return failed_step("record", made.failure());
    fail_point("push_sender.recorded");
    for (const auto& each : *what.commits)
      for (const auto& aside : each.aside)
        if (aside.due_at > 0 && (next_due_at_ == 0 || aside.due_at < next_due_at_))
          next_due_at_ = aside.due_at;
    machine_.controls_are_at(journal_.control_version());
    machine_.committed(*made);
    if (results) self_->send(supervisor_, wake_role{role::result_writer});
    if (finished) machine_.woken();
    return {true, 0};
  }

  step_result perform(sender_machine::bury& what) {
    log::error("journal.dead_letter",
               {{"queue", what.what.queue}, {"entry", what.what.entry}, {"reason", what.reason}});
    auto made = journal_.bury_batch(what.what, what.reason);
    if (!made) return failed_step("bury", made.failure());
    node_->numbers.dead_letter("push-sender", "unusable");
    return {true, 0};
  }

  /// A credential's trouble is logged when it begins, changes or ends; a node stays ready through it.
  void tell_of_trouble(sender_transports::outlet& of, const std::string& trouble) {
    if (of.told == trouble) return;
    std::string gateway(to_string(of.route.channel));
    const auto& app = name_of(of.route.application);
    if (trouble.empty() && of.told)
      log::info("push_sender.gateway_well",
                {{"gateway", gateway}, {"application", app}, {"credential", of.credential}});
    else if (!trouble.empty())
      log::warn(
          "push_sender.gateway_trouble",
          {{"gateway", gateway}, {"application", app}, {"credential", of.credential}, {"detail", trouble}});
    // Also when it is well from the start: what was said of it before is over.
    publish_trouble(of.credential, trouble);
    of.told = trouble;
  }

  /// Where the API shows it.
  void publish_trouble(const std::string& credential, const std::string& trouble) {
    if (credential.empty()) return;
    if (auto told = journal_.tell_trouble(credential, trouble); !told) failed("tell_trouble", told.failure());
  }

  step_result failed_step(const char* doing, const error& why) {
    failed(doing, why);
    machine_.store_failed(now());
    return {true, 0};
  }

  void failed(const char* doing, const error& why) {
    journal_lost_ = why.code == errc::journal_lost;
    if (why.code == errc::journal_unavailable) cut_off_at_ = std::chrono::steady_clock::now();
    note_failure(doing, why);
    troubles_.warn("push_sender.store_failed", doing, why.detail);
  }

  role_actor::pointer self_;
  node_context_ptr node_;
  supervisor_actor supervisor_;
  unsigned index_;
  sender_machine machine_;
  journal journal_;
  sender_transports transports_;
  sender_routes routes_;
  suspect_turn turn_;
  batch_traces traces_;
  repeated_trouble troubles_;
  std::map<application_id, std::string> names_;
  bool routes_known_ = false;
  utc_ms ahead_of_steady_ = 0;  ///< Redis's clock
  bool clock_known_ = false;    ///< Redis has said what time it is
  utc_ms next_due_at_ = 0;
  bool took_own_ = false;
  bool draining_ = false;
  bool journal_lost_ = false;                                        ///< as the last failure said
  std::optional<std::chrono::steady_clock::time_point> cut_off_at_;  ///< when Redis did not answer last
};

}  // namespace

role_actor spawn_push_sender(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                             unsigned index, std::vector<std::string> gateways) {
  return spawn_role<sender_role>(system, std::move(node), std::move(supervisor), index, std::move(gateways));
}

}  // namespace pusher
