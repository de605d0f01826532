#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "storage/dead_letters.hpp"
#include "storage/journal_keys.hpp"
#include "tests/simulation/actor_world.hpp"
#include "tests/simulation/client.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/process.hpp"

namespace pusher::testing {

namespace {

simulation* running_now = nullptr;

constexpr int chaotic_steps = 700, most_steps = 60'000, steps_between_censuses = 100;

}  // namespace

/// A third of the schedules endanger no sender: in those no push may be repeated. Where a push is poison,
/// nothing else kills senders: then nothing else may become a dead letter.
fault_plan fault_plan::of(std::minstd_rand& random) {
  auto rate = [&](unsigned one_in) { return random() % 3 ? one_in : 0; };
  fault_plan made;
  made.lost_wake = rate(3);
  made.lost_request = rate(40);
  made.lost_reply = rate(40);
  made.stall = rate(60);
  made.outage = rate(800);
  if (random() % 3 == 0) return made;
  if (random() % 8 == 0) {
    made = {};
    made.poison = true;
    return made;
  }
  made.crash = rate(250);
  made.actor_fault = rate(600);
  made.stop = rate(500);
  made.leave = rate(500);
  return made;
}

simulation& simulation::current() {
  return *running_now;
}

bool simulation::runs() {
  return running_now != nullptr;
}

simulation::simulation(uint32_t seed, const missing_rule& without, bool traced)
    : rows([this] { return now_; }),
      keys([this] { return now_; }),
      ledger([this] { return now_; }),
      seed_(seed),
      random_(seed + 1),
      traced_(traced) {
  running_now = this;
  random_.discard(8);  // neighbouring seeds begin alike
  plan_ = fault_plan::of(random_);
  rows.lease.rules = without.lease;
  if (!without.script.empty()) keys.without(without.script, without.text);
  rows.changed = [this](const memory_rows::row& of, notification_state before) {
    ledger.state_changed(of, before);
  };
  gateway_ = nullptr;
}

/// Actors end as those of a process do that crashes.
simulation::~simulation() {
  faults_ = false;
  for (const auto& each : processes_)
    each->crash("the schedule has ended");
  auto& coordinator = actor_world::instance().coordinator();
  coordinator.clock().cancel_all();
  while (!coordinator.jobs.empty())
    run_job(0);
  coordinator.clock().cancel_all();
  running_now = nullptr;
}

void simulation::trace(const std::string& line) const {
  if (!traced_) return;
  std::printf("%8lld %*s%s  %s\n", static_cast<long long>(now_ % 100'000'000), static_cast<int>(depth_ * 2),
              "", running_ ? running_->name().c_str() : "-", line.c_str());
}

utc_ms simulation::wall_clock() const {
  return now_ + (running_ ? running_->skew_ms() : 0);
}

// -- the course of a schedule --

void simulation::populate() {
  faults_ = false;
  for (auto left = 4 + below(14); left > 0; --left)
    rows.add_device(one_in(8) ? gateway::apns : gateway::fcm, one_in(2));
  gateway_ = std::make_unique<simulated_gateway>(*this);
  client_ = std::make_unique<simulated_client>(*this);
  if (!journal(redis_settings(), simulated_run, "keeper").create()) ledger.violated("there is no journal");
  using entries = std::vector<role_entry>;
  const entries all{{role::fan_out, {}, 1}, {role::push_sender, {}, 1}, {role::result_writer, {}, 1}};
  std::vector<entries> layout;
  switch (below(4)) {
    case 0:
      layout = {all};
      break;
    case 1:
      layout = {all, all};
      break;
    case 2:
      layout = {{all[0]}, {{role::push_sender, {}, 2}}, {all[2]}, {all[0], all[2]}};
      break;
    default:
      layout = {{all[0]}, {all[0], all[1]}, {all[1]}, {all[1], {role::result_writer, {}, 2}}};
  }
  for (size_t i = 0; i < layout.size(); ++i)
    processes_.push_back(std::make_unique<simulated_process>(
        *this, std::string(1, static_cast<char>('a' + i)), layout[i], 1, now_));
  client_->launch();
  faults_ = true;
}

schedule_outcome simulation::run() {
  populate();
  for (int i = 0; i < chaotic_steps && ledger.violation().empty(); ++i) {
    step();
    if (i % steps_between_censuses == 0) ledger.check_journal(keys);
  }
  finish();
  if (ledger.violation().empty()) {
    ledger.check_journal(keys);
    ledger.check_end(rows);
  }
  if (!ledger.violation().empty())
    outcome_.violation = ledger.violation() + "\n  (PUSHER_SEED=" + std::to_string(seed_) + " shows it)";
  outcome_.pushes = ledger.pushes();
  outcome_.repeated = ledger.repeated();
  return outcome_;
}

void simulation::step() {
  ++outcome_.steps;
  for (auto& each : processes_) {
    each->tick();
    if (!each->ended()) continue;
    ended_.push_back(std::move(each));
    each = ended_.back()->successor();
  }
  if (faults_) befall();
  if (!late_.empty() && one_in(20)) deliver_late();
  switch (below(8)) {
    case 0:
      if (faults_ && one_in(10)) {
        auto* before = std::exchange(running_, nullptr);
        client_->step();
        running_ = before;
      }
      break;
    case 1:
      return let_time_pass(1 + below(30));
    case 2:
    case 3:
      if (gateway_->step()) return;
      break;
    default:
      break;
  }
  if (!run_a_job() && !gateway_->step()) let_time_pass(1000);
}

/// What happens to processes and stores, whatever they do.
void simulation::befall() {
  auto& one = *processes_[static_cast<size_t>(below(static_cast<utc_ms>(processes_.size())))];
  if (fault(plan_.stop)) one.stop(below(one_in(3) ? 15'000 : 3000));
  if (fault(plan_.leave)) one.leave();
  if (!fault(plan_.outage)) return;
  auto& away = one_in(2) ? redis_away_until_ : database_away_until_;
  away = now_ + below(4000);
}

simulated_process* simulation::owner_of(caf::resumable* job) const {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  auto owner = actor ? owners_.find(actor->id()) : owners_.end();
  return owner == owners_.end() ? nullptr : owner->second;
}

bool simulation::run_a_job() {
  auto& jobs = actor_world::instance().coordinator().jobs;
  std::vector<size_t> able;
  for (size_t i = 0; i < jobs.size(); ++i)
    if (auto* owner = owner_of(jobs[i]); !owner || !owner->alive() || owner->runs()) able.push_back(i);
  if (able.empty()) return false;
  run_job(able[static_cast<size_t>(below(static_cast<utc_ms>(able.size())))]);
  return true;
}

void simulation::run_job(size_t at) {
  auto& coordinator = actor_world::instance().coordinator();
  auto chosen = coordinator.jobs.begin() + static_cast<std::ptrdiff_t>(at);
  std::rotate(coordinator.jobs.begin(), chosen, chosen + 1);
  auto* before = std::exchange(running_, owner_of(coordinator.jobs.front()));
  coordinator.try_run_once();
  running_ = before;
}

/// Until those of its actors that are not in the middle of something have ended.
void simulation::run_jobs_of(const simulated_process& dead) {
  auto& jobs = actor_world::instance().coordinator().jobs;
  auto is_its = [&](caf::resumable* job) { return owner_of(job) == &dead; };
  for (auto at = std::find_if(jobs.begin(), jobs.end(), is_its); at != jobs.end();
       at = std::find_if(jobs.begin(), jobs.end(), is_its))
    run_job(static_cast<size_t>(at - jobs.begin()));
}

void simulation::let_time_pass(utc_ms most) {
  auto& clock = actor_world::instance().coordinator().clock();
  auto passes = most;
  if (!clock.schedule().empty()) {
    auto left = clock.schedule().begin()->first - clock.current_time;
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
    passes = std::clamp<utc_ms>(ms, 1, most);
  }
  now_ += passes;
  clock.advance_time(std::chrono::milliseconds(passes));
}

void simulation::deliver_late() {
  auto at = late_.begin() + static_cast<std::ptrdiff_t>(below(static_cast<utc_ms>(late_.size())));
  auto arriving = std::move(*at);
  late_.erase(at);
  ++outcome_.late;
  trace("a request arrives late");
  arriving();
}

// -- the end --

bool simulation::finished() const {
  return late_.empty() && std::all_of(rows.notifications().begin(), rows.notifications().end(),
                                      [](const auto& each) { return each.second.completed_at != 0; });
}

void simulation::finish() {
  faults_ = false;
  redis_away_until_ = database_away_until_ = 0;
  client_->resume_all();
  for (int i = 0; !finished(); ++i) {
    if (!ledger.violation().empty()) return;
    if (i == most_steps) return ledger.violated("it does not come to an end");
    if (i % 500 == 499) operate();
    step();
  }
}

/// An operator finds dead letters: he gives back those of results, and drops those that nobody can send.
void simulation::operate() {
  dead_letter_box box(redis_settings(), simulated_run);
  auto letters = box.list("", "", 100);
  if (!letters) return;
  for (const auto& each : *letters) {
    ++outcome_.dead_letters;
    trace("an operator decides on a dead letter: " + each.reason);
    if (plan_.poison && each.batch)
      for (const auto& target : each.batch->targets)
        if (!gateway_->is_poison(each.batch->notification, target.device))
          ledger.died_innocent(each.batch->notification, target.device);
    if (auto decided = each.batch ? box.drop(each) : box.requeue(each); !decided)
      ledger.violated("a dead letter stays: " + decided.failure().detail);
  }
}

// -- questions to the stores --

void simulation::die_if_crashed() const {
  if (running_ && !running_->alive()) throw process_died();
}

/// Others go on meanwhile.
void simulation::stall() {
  if (depth_ >= 3 || !fault(plan_.stall)) return;
  auto* before = std::exchange(running_, nullptr);
  ++depth_;
  auto long_enough = now_ + (one_in(6) ? 5000 + below(15'000) : 0);
  if (before && long_enough > now_ + 5000 && before->has(role::push_sender))
    ledger.sender_endangered(before->name());
  auto least = below(60);
  for (utc_ms i = 0; (i < least || now_ < long_enough) && i < 600; ++i)
    step();
  --depth_;
  running_ = before;
  die_if_crashed();
}

bool simulation::reaches_store(const char* what, bool away, const late_maker& late) {
  ++outcome_.questions;
  die_if_crashed();
  stall();
  if (running_ && fault(plan_.crash)) {
    if (late && one_in(2)) late_.push_back(late());
    running_->crash(what);
    throw process_died();
  }
  if (running_ && fault(plan_.actor_fault)) {
    trace(std::string("an actor fails: ") + what);
    if (running_->has(role::push_sender)) ledger.sender_endangered(running_->name());
    throw std::runtime_error("injected");
  }
  if (away) return false;
  if (!fault(plan_.lost_request)) return true;
  trace(std::string("lost: ") + what);
  ++outcome_.lost;
  if (late && one_in(2)) late_.push_back(late());
  return false;
}

bool simulation::reply_arrives(const char* what) {
  stall();
  if (running_ && fault(plan_.crash)) {
    running_->crash(what);
    throw process_died();
  }
  if (!fault(plan_.lost_reply)) return true;
  trace(std::string("no reply: ") + what);
  ++outcome_.lost;
  return false;
}

redis_reply simulation::execute(const redis_arguments& command) {
  auto reply = keys.call(command);
  ledger.performed(command, reply);
  if (traced_) {
    auto line = command.front() == "EVALSHA" ? command[1] : command.front();
    if (reply.type == redis_reply::kind::list && !reply.items.empty())
      line += " -> " + reply.items.front().text;
    if (reply.type == redis_reply::kind::failure) line += " -> " + reply.text;
    trace(line);
  }
  return reply;
}

/// A connection may break before any of the commands: what is behind is lost, or arrives when nobody waits
/// for it.
result<std::vector<redis_reply>> simulation::ask_redis(const std::vector<redis_arguments>& commands) {
  auto breaks_at = static_cast<size_t>(below(static_cast<utc_ms>(commands.size())));
  auto* asker = running_;
  auto late = [&]() -> std::function<void()> {
    std::vector<redis_arguments> behind(commands.begin() + static_cast<std::ptrdiff_t>(breaks_at),
                                        commands.end());
    auto sender = asker && asker->has(role::push_sender) ? asker->name() : std::string();
    return [this, behind, sender] {
      // It may take a claim away from the very process that has asked, and has claimed meanwhile.
      if (!sender.empty()) ledger.sender_endangered(sender);
      for (const auto& each : behind)
        execute(each);
    };
  };
  const auto& first = commands.front();
  const auto* what = first.front() == "EVALSHA" ? first[1].c_str() : first.front().c_str();
  std::vector<redis_reply> replies;
  auto perform = [&](size_t end) {
    for (size_t i = 0; i < end; ++i) {
      if (i > 0) stall();
      replies.push_back(execute(commands[i]));
    }
  };
  if (!reaches_store(what, redis_away_until_ > now_, late)) {
    if (redis_away_until_ <= now_) perform(breaks_at);
    return no_answer(errc::journal_unavailable);
  }
  perform(commands.size());
  if (!reply_arrives(what)) return no_answer(errc::journal_unavailable);
  return replies;
}

void simulation::pass(std::string_view place) {
  die_if_crashed();
  if (!running_ || !fault(plan_.crash / 2)) return;
  running_->crash(std::string(place).c_str());
  throw process_died();
}

}  // namespace pusher::testing
