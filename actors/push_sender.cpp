// The push-sender: takes push batches from the journal, sends them through its transports, and records what
// became of each target. It needs Redis alone.
#include <algorithm>
#include <random>

#include "actors/log.hpp"
#include "actors/rate_governor.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "actors/sender_machine.hpp"
#include "actors/sender_transports.hpp"

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

/// What the processes of the cluster share lies in the journal's Redis.
class journal_values final : public shared_values {
 public:
  explicit journal_values(journal& from) : journal_(from) {}
  result<std::optional<std::string>> load(const std::string& name) override {
    return journal_.shared_value(name);
  }
  result<bool> replace(const std::string& name, const std::optional<std::string>& expected,
                       const std::string& value) override {
    return journal_.replace_shared_value(name, expected, value);
  }

 private:
  journal& journal_;
};

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
        journal_(node_->config.redis, node_->run_id, node_->consumer("push-sender", index)),
        transports_(node_->config, gateways,
                    [owner = role_actor(self)] { caf::anon_send(owner, proceed{false}); }),
        governors_{
            rate_governor("fcm", node_->config.fcm.messages_per_minute, node_->config.fcm.ramp_seconds),
            rate_governor("apns", 0, 0), rate_governor("apns-sandbox", 0, 0), rate_governor("webpush", 0, 0),
            rate_governor("hms", 0, 0)} {
    if (!node_->config.fcm_legacy.server_key.empty())
      log::warn(
          "push_sender.fcm_legacy",
          {{"detail", node_->config.fcm.service_account_file.empty()
                          ? "Google ended FCM's legacy API in 2024: only compatible proxies answer it; use "
                            "fcm.service_account_file"
                          : "fcm_legacy.server_key is not used: fcm.service_account_file is there"}});
    for (auto& each : transports_.failures())
      log::error("push_sender.no_transport", {{"detail", each}});
  }

  /// Due times and expiry are judged by Redis's clock.
  utc_ms now() const { return now_ms() + clock_offset_; }
  void woken() {
    machine_.woken();
    queues_known_ = false;
    // The writer's wake-up says that fewer results wait now; without asking we would pause until the next
    // poll.
    if (!machine_.results_are_full()) return;
    if (auto depth = journal_.results_depth()) machine_.results_wait(*depth);
  }
  bool drained() const { return machine_.drained(); }

  void start_drain() {
    machine_.drain();
    each_transport([](channel, transport& which) { which.withdraw_all(); });
  }

  void poll() {
    machine_.woken();
    auto promoted = journal_.promote(1000);
    if (!promoted) return failed("promote", promoted.failure());
    clock_offset_ = promoted->now - now_ms();
    next_due_at_ = promoted->next_due_at;
    auto depth = journal_.results_depth();
    if (!depth) return failed("measure", depth.failure());
    machine_.results_wait(*depth);
    queues_known_ = false;
    // Claims and records tell it sooner, as long as there are any.
    if (auto controls = journal_.load_controls(); !controls)
      return failed("load_controls", controls.failure());
    machine_.controls_are_at(journal_.control_version());
    journal_values shared(journal_);
    if (auto done = transports_.synchronize(shared); !done) failed("share_tokens", done.failure());
    bool whole = true;
    each_transport([&](channel which, transport& with) {
      whole = take_over(which) && whole;
      auto stats = with.stats();
      node_->numbers.transport(index_, to_string(which), stats);
      governor(which).correct(stats);
      tell_of_trouble(which, stats.trouble);
    });
    took_own_ = took_own_ || whole;
  }

  step_result step() {
    // Claims of our own from before a restart come first: later they could not be told from new ones.
    if (!took_own_ || transports_.empty()) return {};
    for (auto& each : transports_.take_answers())
      machine_.answered(each.channel, each.answers, now());
    each_transport([this](channel which, transport& with) {
      auto stats = with.stats();
      machine_.capacity(which, stats.stream_capacity, stats.breaker_open);
    });
    if (next_due_at_ > 0 && now() >= next_due_at_) return promote();
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
  step_result promote() {
    auto promoted = journal_.promote(1000);
    if (!promoted) {
      next_due_at_ = 0;  // the next poll asks again
      return failed_step("promote", promoted.failure());
    }
    clock_offset_ = promoted->now - now_ms();
    next_due_at_ = promoted->next_due_at;
    if (promoted->moved > 0) {
      machine_.woken();
      queues_known_ = false;
      self_->send(supervisor_, wake_role{role::push_sender});
    }
    return {true, 0};
  }

  template <class Each>
  void each_transport(Each each) {
    for (auto which : all_channels)
      if (auto* found = transports_.find(which)) each(which, *found);
  }

  rate_governor& governor(channel which) { return governors_[static_cast<size_t>(which)]; }

  /// When more can be had, 0 = nothing is wanted.
  utc_ms take_grants() {
    utc_ms soonest = 0;
    each_transport([&](channel which, transport& with) {
      if (!governor(which).governs()) return;
      auto next = governor(which).work(journal_, with, now());
      if (!next) return failed("take_rate", next.failure());
      if (*next > 0 && (soonest == 0 || *next < soonest)) soonest = *next;
    });
    return soonest;
  }

  /// False when the journal refused.
  bool take_over(channel which) {
    for (const auto& queue : serving_queues(which)) {
      auto taken = journal_.take_over_batches(queue, machine_.entries_of(queue), 16);
      if (!taken) {
        failed("take_over", taken.failure());
        return false;
      }
      if (!taken->empty())
        log::info("push_sender.took_over", {{"queue", queue}, {"batches", std::to_string(taken->size())}});
      machine_.claimed(which, std::move(*taken), true, now());
    }
    return true;
  }

  /// A channel's queues, the transactional lane first. Read once per wake-up.
  const std::vector<std::string>& serving_queues(channel which) {
    if (!queues_known_) {
      for (auto& each : queues_)
        each.clear();
      auto names = journal_.queues();
      if (!names) {
        failed("queues", names.failure());
        return queues_[static_cast<size_t>(which)];
      }
      queues_known_ = true;
      for (auto wanted : {lane::transactional, lane::campaign})
        for (auto& name : *names)
          if (auto queue = push_queue::parse(name); queue && queue->lane == wanted)
            queues_[static_cast<size_t>(channel_of(queue->gateway, queue->environment))].push_back(name);
    }
    return queues_[static_cast<size_t>(which)];
  }

  step_result perform(sender_machine::idle& what) { return {false, what.until}; }

  step_result perform(sender_machine::claim_work& what) {
    std::vector<claim> all;
    bool maybe_more = false;
    for (const auto& queue : serving_queues(what.channel)) {
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
        machine_.claimed(what.channel, std::move(all), true, now());
        return failed_step("claim", claims.failure());
      }
      maybe_more = maybe_more || claims->size() == left;
      std::move(claims->begin(), claims->end(), std::back_inserter(all));
    }
    machine_.controls_are_at(journal_.control_version());
    machine_.claimed(what.channel, std::move(all), maybe_more, now());
    return {true, 0};
  }

  step_result perform(sender_machine::load_controls&) {
    auto controls = journal_.load_controls();
    if (!controls) return failed_step("load_controls", controls.failure());
    machine_.controlled(std::move(*controls));
    return {true, 0};
  }

  step_result perform(sender_machine::load_content& what) {
    auto content = journal_.content(what.key);
    if (!content) return failed_step("load_content", content.failure());
    if (!*content)
      log::error("push_sender.content_missing", {{"notification", std::to_string(what.key.value)}});
    machine_.content_loaded(what.key, std::move(*content), now());
    return {true, 0};
  }

  step_result perform(sender_machine::reserve& what) {
    auto due = journal_.reserve_rate(what.notification, what.per_second, what.targets);
    if (!due) return failed_step("reserve_rate", due.failure());
    machine_.reserved(what.order, *due, now());
    return {true, 0};
  }

  step_result perform(sender_machine::submit& what) {
    governor(what.channel).submitted(what.order.targets.size());
    transports_.find(what.channel)->submit(std::move(what.order));
    return {true, 0};
  }

  step_result perform(sender_machine::withdraw& what) {
    if (what.lost) log::warn("push_sender.claim_lost", {{"order", std::to_string(what.order)}});
    each_transport([&](channel, transport& which) { which.withdraw(what.order); });
    return {true, 0};
  }

  step_result perform(sender_machine::commit& what) {
    auto made = journal_.record(*what.commits);
    if (!made) return failed_step("record", made.failure());
    bool results = std::any_of(what.commits->begin(), what.commits->end(),
                               [](const auto& each) { return !each.results.results.empty(); });
    bool finished = std::any_of(what.commits->begin(), what.commits->end(),
                                [](const auto& each) { return each.finished; });
    for (const auto& each : *what.commits)
      for (const auto& aside : each.aside)
        if (aside.due_at > 0 && (next_due_at_ == 0 || aside.due_at < next_due_at_))
          next_due_at_ = aside.due_at;
    machine_.controls_are_at(journal_.control_version());
    machine_.committed(*made);
    each_transport([this](channel which, transport& with) {
      if (auto released = machine_.take_released(which)) with.recorded(released);
    });
    if (results) self_->send(supervisor_, wake_role{role::result_writer});
    if (finished) machine_.woken();
    return {true, 0};
  }

  step_result perform(sender_machine::bury& what) {
    log::error("journal.dead_letter",
               {{"queue", what.what.queue}, {"entry", what.what.entry}, {"reason", what.reason}});
    auto made = journal_.bury_batch(what.what, what.reason);
    if (!made) return failed_step("bury", made.failure());
    return {true, 0};
  }

  /// A gateway's trouble is logged when it begins, changes or ends; a node stays ready through it.
  void tell_of_trouble(channel which, const std::string& trouble) {
    auto& told = troubles_[static_cast<size_t>(which)];
    if (trouble == told) return;
    std::string name(to_string(which));
    if (trouble.empty())
      log::info("push_sender.gateway_well", {{"gateway", name}});
    else
      log::warn("push_sender.gateway_trouble", {{"gateway", name}, {"detail", trouble}});
    told = trouble;
  }

  step_result failed_step(const char* doing, const error& why) {
    failed(doing, why);
    machine_.store_failed(now());
    return {true, 0};
  }

  void failed(const char* doing, const error& why) {
    log::warn("push_sender.store_failed", {{"doing", doing}, {"detail", why.detail}});
  }

  role_actor::pointer self_;
  node_context_ptr node_;
  supervisor_actor supervisor_;
  unsigned index_;
  sender_machine machine_;
  journal journal_;
  sender_transports transports_;
  std::array<rate_governor, all_channels.size()> governors_;
  std::array<std::vector<std::string>, all_channels.size()> queues_;
  bool queues_known_ = false;
  utc_ms clock_offset_ = 0;
  utc_ms next_due_at_ = 0;
  bool took_own_ = false;
  std::array<std::string, all_channels.size()> troubles_;  ///< what the log heard last
};

}  // namespace

role_actor spawn_push_sender(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                             unsigned index, std::vector<std::string> gateways) {
  return spawn_role<sender_role>(system, std::move(node), std::move(supervisor), index, std::move(gateways));
}

}  // namespace pusher
