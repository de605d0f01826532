// The push-sender: takes push batches from the journal, sends them through its transports, and records what
// became of each target. It needs Redis alone.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>

#include "actors/log.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "actors/sender_machine.hpp"
#include "transports/fcm/transport.hpp"

namespace pusher {

namespace {

/// Brings answers from a transport's thread to the actor, one wake-up for many.
class answer_box : public answer_sink {
 public:
  explicit answer_box(role_actor owner) : owner_(std::move(owner)) {}

  void on_answers(std::vector<push_answer> answers) override {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      if (waiting_.empty())
        waiting_ = std::move(answers);
      else
        std::move(answers.begin(), answers.end(), std::back_inserter(waiting_));
    }
    if (!poked_.exchange(true)) caf::anon_send(owner_, proceed{false});
  }

  std::vector<push_answer> take() {
    poked_ = false;
    std::lock_guard<std::mutex> guard(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  role_actor owner_;
  std::mutex mutex_;
  std::vector<push_answer> waiting_;
  std::atomic<bool> poked_{false};
};

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
  sender_role(role_actor::pointer self, node_context_ptr node, supervisor_actor supervisor, unsigned index)
      : role_loop(self, std::chrono::milliseconds(node->config.limits.poll_interval_ms)),
        self_(self),
        node_(std::move(node)),
        supervisor_(std::move(supervisor)),
        index_(index),
        machine_(bounds_of(node_->config.limits), std::random_device{}()),
        journal_(node_->config.redis, node_->run_id, node_->consumer("push-sender", index)),
        answers_(std::make_unique<answer_box>(role_actor(self))) {
    auto made = make_fcm_transport(node_->config.fcm, node_->config.limits, *answers_);
    if (made)
      fcm_ = std::move(*made);
    else
      log::error("push_sender.no_transport", {{"gateway", "fcm"}, {"detail", made.failure().detail}});
  }

  /// Due times and expiry are judged by Redis's clock.
  utc_ms now() const { return now_ms() + clock_offset_; }
  void woken() {
    machine_.woken();
    // The writer's wake-up says that fewer results wait now; without asking we would pause until the next
    // poll.
    if (!machine_.results_are_full()) return;
    if (auto depth = journal_.results_depth()) machine_.results_wait(*depth);
  }
  bool drained() const { return machine_.drained(); }

  void start_drain() {
    machine_.drain();
    if (fcm_) fcm_->withdraw_all();
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
    for (const auto& queue : serving_queues()) {
      auto taken = journal_.take_over_batches(queue, machine_.entries_of(queue), 16);
      if (!taken) {
        return failed("take_over", taken.failure());
      }
      if (!taken->empty())
        log::info("push_sender.took_over", {{"queue", queue}, {"batches", std::to_string(taken->size())}});
      machine_.claimed(std::move(*taken), true, now());
    }
    took_own_ = true;
    if (fcm_) {
      auto stats = fcm_->stats();
      node_->numbers.transport(index_, "fcm", stats);
      tell_of_trouble(stats.trouble);
    }
  }

  step_result step() {
    // Claims of our own from before a restart come first: later they could not be told from new ones.
    if (!took_own_ || !fcm_) return {};
    auto answers = answers_->take();
    if (!answers.empty()) machine_.answered(answers, now());
    machine_.capacity(fcm_->stats().stream_capacity);
    if (next_due_at_ > 0 && now() >= next_due_at_) return promote();
    auto action = machine_.next(now());
    if (auto* idle = std::get_if<sender_machine::idle>(&action)) {
      node_->numbers.sender(index_, machine_.counters(), machine_.open_batches());
      auto until = idle->until;
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
      self_->send(supervisor_, wake_role{role::push_sender});
    }
    return {true, 0};
  }

  /// Queues that our transports can serve, the transactional lane first.
  std::vector<std::string> serving_queues() {
    auto names = journal_.queues();
    if (!names) {
      failed("queues", names.failure());
      return {};
    }
    std::vector<std::pair<lane, std::string>> found;
    for (auto& name : *names) {
      auto queue = push_queue::parse(name);
      if (queue && queue->gateway == gateway::fcm) found.emplace_back(queue->lane, std::move(name));
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> sorted;
    for (auto& [lane, name] : found)
      sorted.push_back(std::move(name));
    return sorted;
  }

  step_result perform(sender_machine::idle& what) { return {false, what.until}; }

  step_result perform(sender_machine::claim_work& what) {
    std::vector<claim> all;
    bool maybe_more = false;
    for (const auto& queue : serving_queues()) {
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
        machine_.claimed(std::move(all), true, now());
        return failed_step("claim", claims.failure());
      }
      maybe_more = maybe_more || claims->size() == left;
      std::move(claims->begin(), claims->end(), std::back_inserter(all));
    }
    machine_.claimed(std::move(all), maybe_more, now());
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

  step_result perform(sender_machine::submit& what) {
    fcm_->submit(std::move(what.order));
    return {true, 0};
  }

  step_result perform(sender_machine::withdraw& what) {
    log::warn("push_sender.claim_lost", {{"order", std::to_string(what.order)}});
    fcm_->withdraw(what.order);
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
    machine_.committed(*made);
    fcm_->recorded(machine_.take_released());
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
  void tell_of_trouble(const std::string& trouble) {
    if (trouble == trouble_) return;
    if (trouble.empty())
      log::info("push_sender.gateway_well", {{"gateway", "fcm"}});
    else
      log::warn("push_sender.gateway_trouble", {{"gateway", "fcm"}, {"detail", trouble}});
    trouble_ = trouble;
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
  std::unique_ptr<answer_box> answers_;
  std::unique_ptr<transport> fcm_;  // after the box: it ends first
  utc_ms clock_offset_ = 0;
  utc_ms next_due_at_ = 0;
  bool took_own_ = false;
  std::string trouble_;  ///< what the log heard last
};

}  // namespace

role_actor spawn_push_sender(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                             unsigned index) {
  return spawn_role<sender_role>(system, std::move(node), std::move(supervisor), index);
}

}  // namespace pusher
