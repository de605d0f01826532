// The result-writer: takes result batches from the journal and makes them rows in MariaDB.
#include "actors/log.hpp"
#include "actors/repeated_trouble.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "actors/writer_machine.hpp"
#include "http/json_writer.hpp"
#include "storage/delivery_store.hpp"
#include "storage/fail_point.hpp"
#include "storage/journal_marks.hpp"

namespace pusher {

namespace {

class writer_role : public role_loop<writer_role> {
 public:
  writer_role(role_actor::pointer self, node_context_ptr node, supervisor_actor supervisor, unsigned index)
      : role_loop(self, std::chrono::milliseconds(node->config.limits.poll_interval_ms)),
        self_(self),
        node_(std::move(node)),
        supervisor_(std::move(supervisor)),
        index_(index),
        machine_(writer_bounds{}),
        journal_(node_->config.redis, node_->run_id(), node_->consumer("result-writer", index)),
        database_(node_->config.mysql),
        deliveries_(database_,
                    {node_->config.limits.mass_deletion_minimum, node_->config.limits.mass_deletion_percent}),
        mark_(node_->consumer("result-writer", index), node_->run_id()) {
    fail_point("result_writer.starting");
  }

  utc_ms now() const { return steady_ms(); }
  void woken() { machine_.woken(); }
  void start_drain() {
    draining_ = true;
    machine_.drain();
  }
  bool drained() const { return machine_.drained(); }

  void poll() {
    machine_.woken();
    // Without MariaDB a claim could only wait here, and count as a strike if this process died.
    if (!node_->board.ok(check_mariadb)) return;
    auto taken = journal_.take_over_results(machine_.entries(), 64);
    if (!taken) {
      return failed("take_over", taken.failure());
    }
    for (const auto& entry : journal_.take_buried()) {
      log::error(
          "journal.dead_letter",
          {{"stream", "results"}, {"entry", entry}, {"reason", "claimed again and again without progress"}});
      node_->numbers.dead_letter("result-writer", "no_progress");
    }
    took_own_ = true;
    machine_.claimed(std::move(*taken), true);
  }

  actor_report report() const {
    const auto& counted = machine_.counters();
    http::json_text out;
    out.open();
    out.field("rows", counted.rows);
    out.field("tokens_disabled", counted.tokens_disabled);
    out.field("completed", counted.completed);
    out.close();
    actor_report made;
    made.name = "result-writer/" + std::to_string(index_);
    made.claimed = machine_.entries().size();
    made.detail = out.take();
    return made;
  }

  step_result step() {
    if (node_->stages.held(role::result_writer) && !draining_) return {};
    // Claims of our own from before a restart come first: later they could not be told from new ones.
    if (!took_own_) return {};
    auto action = machine_.next(now());
    if (auto* idle = std::get_if<writer_machine::idle>(&action)) {
      node_->numbers.writer(index_, machine_.counters());
      return {false, idle->until};
    }
    return std::visit([this](auto& what) { return perform(what); }, action);
  }

 private:
  step_result perform(writer_machine::idle& what) { return {false, what.until}; }

  step_result perform(writer_machine::claim_work& what) {
    auto claims = journal_.claim_results(what.entries);
    if (!claims) {
      return failed_step("claim", claims.failure());
    }
    bool maybe_more = !claims->empty();
    machine_.claimed(std::move(*claims), maybe_more);
    return {true, 0};
  }

  step_result perform(writer_machine::record& what) {
    if (auto ready = mark_.prepare(database_); !ready) return failed_step("mark", ready.failure());
    std::string highest;
    for (const auto& each : *what.entries)
      highest = std::max(highest, mark_of(each.entry));
    auto made =
        deliveries_.record(*what.batches, [&](database::connection& on) { return mark_.raise(on, highest); });
    if (!made) {
      mark_.doubt();
      return failed_step("record", made.failure());
    }
    fail_point("result_writer.committed");
    for (const auto& [urgency, counts] : made->accepted_after)
      if (counts.total() > 0) node_->numbers.accepted_after(urgency, counts);
    machine_.recorded(made->rows, made->tokens_disabled, made->completed, made->missing);
    for (const auto& hold : made->holds) {
      node_->numbers.token_hold_began(to_string(hold.gateway));
      log::error("token_hygiene.held",
                 {{"gateway", std::string(to_string(hold.gateway))},
                  {"environment", std::string(to_string(hold.environment))},
                  {"hold", std::to_string(hold.id)},
                  {"detail",
                   "far more dead tokens than usual: is the key or project the right one? Confirm or "
                   "undo it: POST /v1/token-holds/ID:confirm or :undo"}});
    }
    for (const auto& id : made->completed_ids)
      log::info("notification.completed", {{"notification", id}});
    return {true, 0};
  }

  step_result perform(writer_machine::settle& what) {
    auto made = journal_.settle(*what.entries);
    if (!made) return failed_step("settle", made.failure());
    machine_.settled();
    // Senders pause while many results wait.
    self_->send(supervisor_, wake_role{role::push_sender});
    return {true, 0};
  }

  step_result perform(writer_machine::forget& what) {
    for (const auto& each : journal_.forget(*what.keys))
      if (!each) return failed_step("forget", each.failure());
    machine_.forgotten();
    return {true, 0};
  }

  step_result perform(writer_machine::bury& what) {
    log::error("journal.dead_letter",
               {{"stream", "results"}, {"entry", what.what.entry}, {"reason", what.reason}});
    auto made = journal_.bury_results(what.what, what.reason);
    if (!made) return failed_step("bury", made.failure());
    node_->numbers.dead_letter("result-writer", "unusable");
    return {true, 0};
  }

  step_result failed_step(const char* doing, const error& why) {
    failed(doing, why);
    machine_.store_failed(now());
    return {true, 0};
  }

  void failed(const char* doing, const error& why) {
    note_failure(doing, why);
    troubles_.warn("result_writer.store_failed", doing, why.detail);
  }

  role_actor::pointer self_;
  node_context_ptr node_;
  supervisor_actor supervisor_;
  unsigned index_;
  writer_machine machine_;
  journal journal_;
  database database_;
  delivery_store deliveries_;
  result_mark mark_;
  repeated_trouble troubles_;
  bool took_own_ = false;
  bool draining_ = false;
};

}  // namespace

role_actor spawn_result_writer(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                               unsigned index) {
  return spawn_role<writer_role>(system, std::move(node), std::move(supervisor), index);
}

}  // namespace pusher
