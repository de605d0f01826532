#include "actors/fan_out_driver.hpp"

#include <algorithm>

#include "actors/apply_control.hpp"
#include "actors/log.hpp"
#include "actors/work_spans.hpp"
#include "model/clock_us.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

namespace {

constexpr utc_ms shortest_wait_ms = 5;  // so that what cannot be launched just now costs little

}  // namespace

fan_out_driver::fan_out_driver(const settings& config, fan_out_bounds bounds, channel_set configured,
                               std::shared_ptr<const key_ring> secrets, const std::string& run_id,
                               const std::string& consumer, fan_out_hooks hooks)
    : hooks_(std::move(hooks)),
      machine_(bounds, {}),
      journal_(config.redis, run_id, consumer),
      database_(config.mysql),
      devices_(database_),
      notifications_(database_),
      indexes_(database_),
      credentials_(config, configured, std::move(secrets), database_, journal_, hooks_.credentials_expire) {}

bool fan_out_driver::lead(uint64_t epoch) {
  fail_point("fan_out.lease_taken");
  auto raised = journal_.raise_epoch(epoch);
  if (!raised) {
    failed("raise_epoch", raised.failure());
    return false;
  }
  if (raised->status == commit_status::fenced) return false;
  pages_ = raised->pages;
  credentials_.lead(epoch);
  if (auto followed = take_reach(credentials_.follow()); !followed) {
    failed("credentials", followed.failure());
    return false;
  }
  machine_.lead(epoch);
  return true;
}

void fan_out_driver::stand_down() {
  traced_.clear();
  machine_.stand_down();
  credentials_.stand_down();
}

result<void> fan_out_driver::take_reach(const result<bool>& changed) {
  if (!changed) return changed.failure();
  machine_.reach(credentials_.reachable());
  if (*changed) hooks_.batches_appended();  // senders look at what changed
  return {};
}

void fan_out_driver::woken() {
  machine_.woken();
  index_work_ = true;
}

void fan_out_driver::poll() {
  // A step a second even when there are always pages to read; in between when there are none.
  index_work_ = true;
  build_indexes();
  // The stream only wakes; the worklist is in MariaDB.
  auto launches = journal_.drain_launches();
  if (!launches) return failed("drain_launches", launches.failure());
  if (auto kept = take_reach(credentials_.poll(now_ms())); !kept)
    return failed("credentials", kept.failure());
  if (auto followed = follow_lives(); !followed) return failed("lives", followed.failure());
  auto swept = notifications_.sweep_completed();
  if (!swept) return failed("sweep", swept.failure());
  if (*swept > 0) log::info("fan_out.swept", {{"completed", std::to_string(*swept)}});
}

/// What time brings to notifications, and what Redis has to know of those that are paused or canceled: should
/// the api have failed to say it, the senders learn it here.
result<void> fan_out_driver::follow_lives() {
  auto due = notifications_.launch_due(1000);
  if (!due) return due.failure();
  if (due->launched + due->expired + due->failed > 0) {
    log::info("fan_out.due", {{"launched", std::to_string(due->launched)},
                              {"expired", std::to_string(due->expired)},
                              {"failed", std::to_string(due->failed)}});
    machine_.woken();
  }
  for (const auto& [id, why] : due->unreadable)
    log::error("fan_out.unreadable", {{"notification", id}, {"detail", why}});
  if (auto ended = notifications_.end_outlived_pauses(); !ended) return ended.failure();
  auto told = journal_.load_controls();
  if (!told) return told.failure();
  auto wanted = notifications_.controlled();
  if (!wanted) return wanted.failure();
  bool changed = false;
  for (auto [key, what] : *wanted) {
    auto known = told->of.find(key);
    if (known == told->of.end() || known->second != what) {
      if (auto set = apply_control(journal_, key, what); !set) return set;
      changed = true;
    } else if (what == control::canceled) {
      // Whoever said it may have died before it released what was held.
      if (auto released = journal_.release_held(key); !released) return released;
    }
  }
  for (auto [key, what] : told->of) {
    if (wanted->count(key) > 0) continue;
    if (what == control::canceled) {
      // It is settled. Its control goes together with its cursor: a page that the network held back for so
      // long would find the one without the other, and be sent after all.
      if (auto gone = journal_.forget({key}).front(); !gone) return gone.failure();
      continue;
    }
    if (auto resumed = apply_control(journal_, key, control::released); !resumed) return resumed;
    changed = true;
  }
  if (changed) hooks_.batches_appended();
  // What cannot be read stays due: not to be looked at again at once.
  if (due->unreadable.empty()) plan_next_look();
  return {};
}

/// Due times are the database's; here they become a wait from now on. The periodic look makes up for what is
/// missed.
void fan_out_driver::plan_next_look() {
  auto left = notifications_.next_due_in();
  if (!left) return failed("next_due", left.failure());
  next_look_at_ = *left && **left < 3'600'000 ? steady_ms() + std::max(**left, shortest_wait_ms) : 0;
}

step_result fan_out_driver::step() {
  if (next_look_at_ > 0 && machine_.leading() && steady_ms() >= next_look_at_) {
    next_look_at_ = 0;
    machine_.woken();  // a wave may be due
    if (auto followed = follow_lives(); !followed) failed("lives", followed.failure());
  }
  auto action = machine_.next(steady_ms());
  if (std::holds_alternative<fan_out_machine::idle>(action) && machine_.leading() && index_work_)
    return build_indexes();
  return std::visit([this](auto& what) { return perform(what); }, action);
}

step_result fan_out_driver::build_indexes() {
  auto worked = indexes_.work();
  if (!worked) failed("index", worked.failure());
  index_work_ = worked && *worked;
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::idle& what) {
  if (next_look_at_ > 0 && what.until > 0) what.until = std::min(what.until, next_look_at_);
  return {false, what.until};
}

step_result fan_out_driver::perform(fan_out_machine::read_worklist& what) {
  auto jobs = notifications_.worklist(what.most);
  if (!jobs) return failed_step("worklist", jobs.failure());
  // Whoever uploaded a credential before launching finds it in use.
  if (auto followed = take_reach(credentials_.follow()); !followed)
    return failed_step("credentials", followed.failure());
  machine_.worklist(*jobs, steady_ms());
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::open_tasks& what) {
  auto tasks = notifications_.tasks(what.keys, what.most_bytes);
  if (!tasks) return failed_step("open_tasks", tasks.failure());
  for (auto& [key, task] : *tasks)
    if (auto opened = open(key, std::move(task)); !opened) return failed_step("plan", opened.failure());
  machine_.opening_ended();
  return {true, 0};
}

result<void> fan_out_driver::open(notification_key key, result<fan_out_task> task) {
  if (!task) {
    auto id = notifications_.id_of(key);
    log::error("fan_out.unreadable",
               {{"notification", id ? *id : std::string()}, {"detail", task.failure().detail}});
    machine_.unreadable(key, steady_ms());
    return {};
  }
  device_plan plan;
  if (const auto* where = std::get_if<audience_condition>(&task->audience)) {
    // A condition that cannot be read is the machine's to report.
    if (auto parsed = condition::parse(where->json)) {
      auto planned = devices_.plan(task->application, *parsed);
      if (!planned) return planned.failure();
      plan = std::move(*planned);
    }
  }
  begin_trace(*task);
  machine_.opened(std::move(*task), std::move(plan));
  return {};
}

void fan_out_driver::begin_trace(const fan_out_task& task) {
  if (!hooks_.traced || task.message.trace_parent.empty()) return;
  if (auto launch = parse_traceparent(task.message.trace_parent))
    traced_.emplace(task.key, traced_work{*std::move(launch), now_us()});
}

void fan_out_driver::end_trace(notification_key key, uint64_t targets) {
  auto found = traced_.find(key);
  if (found == traced_.end()) return;
  hooks_.traced(fan_out_span(found->second.launch, machine_.name_of(key), targets, found->second.since_us));
  traced_.erase(found);
}

template <class Outcome>
step_result fan_out_driver::ended(const char* doing, const std::vector<result<Outcome>>& outcomes) {
  for (const auto& each : outcomes)
    if (!each) return failed_step(doing, each.failure());
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::begin& what) {
  std::vector<journal::beginning> all;
  for (const auto& [task, from] : what.tasks)
    all.push_back({&task->message, from, task->settled});
  auto cursors = journal_.begin_fan_out(machine_.epoch(), all);
  machine_.begun(cursors);
  return ended("begin", cursors);
}

step_result fan_out_driver::perform(fan_out_machine::mark_sending& what) {
  auto sending = notifications_.begin_sending(what.keys, machine_.epoch());
  if (!sending) return failed_step("mark_sending", sending.failure());
  machine_.marked_sending(*sending);  // the others were paused or canceled since
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::read_page& what) {
  auto visit = [this](const device_row& row) { machine_.visit(row); };
  machine_.page_begins(now_ms());
  auto end = [&] {
    if (what.plan)
      return devices_.read(what.application, *what.plan, what.after, what.last, what.bounds, visit);
    return what.by_user
               ? devices_.scan_user_ids(what.application, what.ids, what.after, what.last, what.bounds, visit)
               : devices_.scan_device_ids(what.application, what.ids, what.after, what.last, what.bounds,
                                          visit);
  }();
  // A page that broke off was visited in part; starting anew from the cursor neither skips nor repeats a
  // device.
  if (!end) {
    auto epoch = machine_.epoch();
    machine_.lead(epoch);
    return failed_step("read_page", end.failure());
  }
  if (auto left_out = leave_out_settled(); !left_out) {
    machine_.lead(machine_.epoch());
    return failed_step("leave_out_settled", left_out.failure());
  }
  machine_.page_was_read(*end, steady_ms());
  return {true, 0};
}

/// Of notifications that were begun anew: devices of this page that have a row from before.
result<void> fan_out_driver::leave_out_settled() {
  for (auto [key, first, last] : machine_.taken_anew()) {
    auto settled = notifications_.settled_devices(key, first, last);
    if (!settled) return settled.failure();
    machine_.leave_out(key, *settled);
  }
  return {};
}

step_result fan_out_driver::perform(fan_out_machine::commit& what) {
  auto any_of = [&](auto has) { return std::any_of(what.pages->begin(), what.pages->end(), has); };
  bool batches = any_of([](const auto& page) { return !page.batches.empty(); });
  bool skipped = any_of([](const auto& page) { return !page.skipped.empty(); });
  fail_point("fan_out.committing");
  auto made = journal_.commit_pages(*what.pages);
  fail_point("fan_out.committed");
  for (const auto& each : made)
    if (each) pages_ = std::max(pages_, each->pages);
  machine_.committed(made, steady_ms());
  if (batches) hooks_.batches_appended();
  if (skipped) hooks_.results_appended();
  return ended("commit_pages", made);
}

step_result fan_out_driver::perform(fan_out_machine::note_audience& what) {
  auto noted = notifications_.record_audience(what.key, machine_.epoch(), what.audience);
  if (!noted) return failed_step("note_audience", noted.failure());
  machine_.audience_noted(steady_ms());
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::conclude& what) {
  fail_point("fan_out.concluding");
  auto concluded = notifications_.conclude(what.audiences, machine_.epoch(), pages_);
  if (!concluded) return failed_step("conclude", concluded.failure());
  for (const auto& [key, targets] : what.audiences) {
    log::info("fan_out.done",
              {{"notification", machine_.name_of(key)}, {"audience", std::to_string(targets)}});
    end_trace(key, targets);
  }
  for (const auto& id : *concluded)
    log::info("notification.completed", {{"notification", id}});
  machine_.concluded(steady_ms());
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::finish_wave& what) {
  auto finished =
      notifications_.finish_wave(what.key, machine_.epoch(), what.audience, what.wave, what.next_due, pages_);
  if (!finished) return failed_step("finish_wave", finished.failure());
  log::info("fan_out.wave_done", {{"notification", machine_.name_of(what.key)},
                                  {"audience", std::to_string(what.audience)},
                                  {"next_wave_at", to_rfc3339(what.next_due)}});
  end_trace(what.key, what.audience);
  machine_.wave_finished();
  plan_next_look();
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::measure& what) {
  auto counts = journal_.outstanding(what.queues);
  if (!counts) return failed_step("measure", counts.failure());
  machine_.measured(*counts, steady_ms());
  return {true, 0};
}

step_result fan_out_driver::perform(fan_out_machine::forget& what) {
  auto gone = journal_.forget(what.keys);
  machine_.forgotten(gone, steady_ms());
  return ended("forget", gone);
}

step_result fan_out_driver::failed_step(const char* doing, const error& why) {
  failed(doing, why);
  if (why.code == errc::fenced) {
    stand_down();
    hooks_.fenced();
  } else {
    machine_.store_failed(steady_ms());
  }
  return {true, 0};
}

void fan_out_driver::failed(const char* doing, const error& why) {
  hooks_.failed(doing, why);
  troubles_.warn("fan_out.store_failed", doing, why.detail);
}

}  // namespace pusher
