// Fan-out: the one stage that is never distributed. Of all its actors only the one whose process holds the
// lease works.
#include "actors/fan_out_machine.hpp"
#include "actors/log.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "storage/property_index_store.hpp"

namespace pusher {

namespace {

fan_out_bounds bounds_of(const limits_settings& limits) {
  fan_out_bounds bounds;
  bounds.devices_per_batch = limits.devices_per_batch;
  bounds.poll_ms = limits.poll_interval_ms;
  return bounds;
}

std::set<gateway> reachable_gateways(const settings& config) {
  std::set<gateway> reachable;
  if (!config.fcm.service_account_file.empty()) reachable.insert(gateway::fcm);
  return reachable;
}

class fan_out_role : public role_loop<fan_out_role> {
 public:
  fan_out_role(role_actor::pointer self, node_context_ptr node, supervisor_actor supervisor)
      : role_loop(self, std::chrono::milliseconds(node->config.limits.poll_interval_ms)),
        self_(self),
        node_(std::move(node)),
        supervisor_(std::move(supervisor)),
        machine_(bounds_of(node_->config.limits), reachable_gateways(node_->config)),
        journal_(node_->config.redis, node_->run_id, node_->consumer("fan-out", 0)),
        database_(node_->config.mysql),
        devices_(database_),
        notifications_(database_),
        indexes_(database_) {}

  utc_ms now() const { return now_ms(); }
  void woken() {
    machine_.woken();
    index_work_ = true;
  }
  bool drained() const { return draining_; }
  void start_drain() { draining_ = true; }

  void poll() {
    if (!machine_.leading()) return;
    // A step a second even when there are always pages to read; in between when there are none.
    index_work_ = true;
    build_indexes();
    // The stream only wakes; the worklist is in MariaDB.
    auto launches = journal_.drain_launches();
    if (!launches) return failed("drain_launches", launches.failure());
    auto swept = notifications_.sweep_completed();
    if (!swept) return failed("sweep", swept.failure());
    if (*swept > 0) log::info("fan_out.swept", {{"completed", std::to_string(*swept)}});
    // In small steps: a day's keys never hold up the pages.
    auto forgotten = notifications_.forget_old_idempotency_keys(1000);
    if (!forgotten) return failed("forget_keys", forgotten.failure());
  }

  step_result step() {
    if (draining_) return {};
    if (!follow_the_lease()) return {};
    auto action = machine_.next(now());
    if (auto* idle = std::get_if<fan_out_machine::idle>(&action)) {
      if (index_work_) return build_indexes();
      node_->numbers.fan_out(machine_.counters(), machine_.under_way(), machine_.leading());
      return {false, idle->until};
    }
    return std::visit([this](auto& what) { return perform(what); }, action);
  }

 private:
  /// Whether we lead. A new leader's first act is to raise the epoch, so that the former one's commits are
  /// refused.
  bool follow_the_lease() {
    auto epoch = node_->lead.epoch();
    if (epoch == machine_.epoch()) return epoch != 0;
    if (machine_.leading()) log::info("fan_out.stood_down", {{"epoch", std::to_string(machine_.epoch())}});
    machine_.stand_down();
    if (epoch == 0) return false;
    auto raised = journal_.raise_epoch(epoch);
    if (!raised) {
      failed("raise_epoch", raised.failure());
      return false;
    }
    if (*raised == commit_status::fenced) return false;
    log::info("fan_out.leads", {{"epoch", std::to_string(epoch)}});
    machine_.lead(epoch);
    return true;
  }

  /// What is declared as indexed or not any more. Any process could do it; the one leader does it alone.
  step_result build_indexes() {
    auto worked = indexes_.work();
    if (!worked) failed("index", worked.failure());
    index_work_ = worked && *worked;
    return {true, 0};
  }

  step_result perform(fan_out_machine::idle& what) { return {false, what.until}; }

  step_result perform(fan_out_machine::read_worklist&) {
    auto keys = notifications_.worklist(1000);
    if (!keys) return failed_step("worklist", keys.failure());
    machine_.worklist(*keys, now());
    return {true, 0};
  }

  step_result perform(fan_out_machine::open_task& what) {
    auto task = notifications_.task(what.key);
    if (!task && (task.failure().code == errc::corrupt_data || task.failure().code == errc::not_found)) {
      log::error("fan_out.unreadable",
                 {{"notification", std::to_string(what.key.value)}, {"detail", task.failure().detail}});
      machine_.unreadable(what.key, now());
      return {true, 0};
    }
    if (!task) return failed_step("open_task", task.failure());
    device_plan plan;
    if (const auto* where = std::get_if<audience_condition>(&task->audience)) {
      // A condition that cannot be read is the machine's to report.
      if (auto parsed = condition::parse(where->json)) {
        auto planned = devices_.plan(task->application, *parsed);
        if (!planned) return failed_step("plan", planned.failure());
        plan = std::move(*planned);
      }
    }
    machine_.opened(std::move(*task), std::move(plan));
    return {true, 0};
  }

  step_result perform(fan_out_machine::begin& what) {
    auto cursor = journal_.begin_fan_out(machine_.epoch(), what.task->message, what.start);
    if (!cursor) return failed_step("begin", cursor.failure());
    machine_.begun(*cursor);
    return {true, 0};
  }

  step_result perform(fan_out_machine::mark_sending& what) {
    auto marked = notifications_.begin_sending(what.key, machine_.epoch());
    if (!marked) return failed_step("mark_sending", marked.failure());
    machine_.marked_sending();
    return {true, 0};
  }

  step_result perform(fan_out_machine::read_page& what) {
    const auto& task = *what.task;
    auto visit = [this](const device_row& row) { machine_.visit(row); };
    auto end = [&] {
      if (const auto* ids = std::get_if<audience_device_ids>(&task.audience))
        return devices_.scan_device_ids(task.application, ids->ids, what.after, what.last, what.bounds,
                                        visit);
      if (const auto* ids = std::get_if<audience_user_ids>(&task.audience))
        return devices_.scan_user_ids(task.application, ids->ids, what.after, what.last, what.bounds, visit);
      return devices_.read(task.application, *what.plan, what.after, what.last, what.bounds, visit);
    }();
    // A page that broke off was visited in part; starting anew from the cursor neither skips nor repeats a
    // device.
    if (!end) {
      auto epoch = machine_.epoch();
      machine_.lead(epoch);
      return failed_step("read_page", end.failure());
    }
    machine_.page_was_read(*end, now());
    return {true, 0};
  }

  step_result perform(fan_out_machine::commit& what) {
    bool any = !what.page->batches.empty();
    bool skipped = !what.page->skipped.empty();
    auto made = journal_.commit_page(*what.page);
    if (!made) return failed_step("commit_page", made.failure());
    machine_.committed(*made, now());
    if (any) self_->send(supervisor_, wake_role{role::push_sender});
    if (skipped) self_->send(supervisor_, wake_role{role::result_writer});
    return {true, 0};
  }

  step_result perform(fan_out_machine::note_audience& what) {
    auto noted = notifications_.record_audience(what.key, machine_.epoch(), what.audience, what.done);
    if (!noted) return failed_step("note_audience", noted.failure());
    machine_.audience_noted(now());
    if (what.done)
      log::info("fan_out.done", {{"notification", std::to_string(what.key.value)},
                                 {"audience", std::to_string(what.audience)}});
    return {true, 0};
  }

  step_result perform(fan_out_machine::measure& what) {
    auto counts = journal_.outstanding(what.queues);
    if (!counts) return failed_step("measure", counts.failure());
    machine_.measured(*counts, now());
    return {true, 0};
  }

  step_result perform(fan_out_machine::forget& what) {
    auto gone = journal_.forget(what.key);
    if (!gone) return failed_step("forget", gone.failure());
    machine_.forgotten(*gone, now());
    return {true, 0};
  }

  step_result failed_step(const char* doing, const error& why) {
    failed(doing, why);
    if (why.code == errc::fenced) {
      machine_.stand_down();
      node_->lead.lose();
    } else {
      machine_.store_failed(now());
    }
    return {true, 0};
  }

  void failed(const char* doing, const error& why) {
    log::warn("fan_out.store_failed", {{"doing", doing}, {"detail", why.detail}});
  }

  role_actor::pointer self_;
  node_context_ptr node_;
  supervisor_actor supervisor_;
  fan_out_machine machine_;
  journal journal_;
  database database_;
  device_store devices_;
  notification_store notifications_;
  property_index_store indexes_;
  bool index_work_ = true;  ///< there may be some
  bool draining_ = false;
};

}  // namespace

role_actor spawn_fan_out(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor) {
  return spawn_role<fan_out_role>(system, std::move(node), std::move(supervisor));
}

}  // namespace pusher
