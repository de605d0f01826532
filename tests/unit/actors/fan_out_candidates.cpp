#include "tests/unit/actors/fan_out_candidates.hpp"

#include <cstdio>

namespace pusher::testing {

namespace {

constexpr utc_ms lease_ms = 250;
constexpr unsigned longest_step_ms = 7;
constexpr size_t most_notifications = 4;
constexpr int chaotic_steps = 450, most_steps = 30'000;

fan_out_bounds bounds() {
  fan_out_bounds made;
  made.devices_per_batch = 3;
  made.page.rows = 4;
  made.first_page_rows = 2;
  made.gather_ms = 2;
  made.poll_ms = 50;
  made.note_ms = 20;
  made.store_retry_ms = 20;
  return made;
}

}  // namespace

/// One node: the thread that keeps the lease, and the actor of fan-out. Each is at one of three points: about
/// to decide, decided with the request on its way, or answered.
class candidate {
 public:
  candidate(candidates_simulation& of, std::string host)
      : s_(of), host_(std::move(host)), machine_(bounds(), {{{1}, {channel::fcm}}}) {
    skew_ms_ = static_cast<utc_ms>(s_.random_() % 7'200'001) - 3'600'000;
    rate_percent_ = 95 + static_cast<utc_ms>(s_.random_() % 11);
    rename();
  }

  /// The epoch that it believes to lead in.
  uint64_t leads() const { return down() ? 0 : lead_.epoch(steady()); }

  void some_steps() {
    if (down() || s_.now_ < stopped_until_) return;
    if (s_.faults_) suffer();
    auto& which = s_.one_in(3) ? keeping_ : fanning_;
    for (auto left = 1 + s_.random_() % 4; left > 0 && !down(); --left)
      step(which);
  }

 private:
  using effect = candidates_simulation::effect;
  using then = std::function<void()>;

  struct activity {
    effect request;
    then failed, answer;
    utc_ms sleeps_until = 0;
  };

  leadership::clock::time_point steady() const {
    return leadership::clock::time_point(
        std::chrono::milliseconds(skew_ms_ + 10'000'000 + s_.now_ * rate_percent_ / 100));
  }
  utc_ms wall() const { return start_of_time + skew_ms_ + s_.now_; }
  bool down() const { return s_.now_ < down_until_; }

  /// A process after a restart: another name, and the one before it is known to be dead.
  void rename() {
    predecessor_ = process_;
    process_ = host_ + "/" + std::to_string(++boots_);
    keeper_ = lease_machine(std::chrono::milliseconds(lease_ms));
    lead_.lose();
    machine_.stand_down();
    keeping_ = fanning_ = {};
  }

  // -- what befalls it --
  void suffer() {
    auto dice = s_.random_() % 400;
    auto length = [&] { return static_cast<utc_ms>(s_.random_() % (3 * lease_ms)); };
    if (dice < 3) stopped_until_ = s_.now_ + length();  // SIGSTOP
    if (dice == 3) keeping_.sleeps_until = s_.now_ + length();
    if (dice == 4) fanning_.sleeps_until = s_.now_ + length();
    if (dice == 5) end(false);
    if (dice == 6) end(true);
    // Between a decision and its effect is where it hurts most.
    if (dice > 380 && fanning_.request && lead_.epoch(steady()) != 0)
      stopped_until_ = s_.now_ + lease_ms + length();
  }
  void end(bool cleanly) {
    s_.trace(process_ + (cleanly ? " leaves" : " crashes"));
    if (cleanly && keeper_.epoch() != 0) {
      effect release = [this, process = process_, epoch = keeper_.epoch()] {
        s_.lease_.release(process, epoch);
        return then();
      };
      if (s_.one_in(4))
        lose(release);
      else
        release();
    }
    for (auto* each : {&keeping_, &fanning_})
      if (each->request) lose(each->request);
    rename();
    down_until_ = s_.now_ + static_cast<utc_ms>(s_.random_() % lease_ms);
  }
  /// On its way for ever, or to arrive at some time.
  void lose(effect& request) {
    if (s_.one_in(2)) s_.late_.push_back(std::move(request));
    request = nullptr;
  }

  // -- its steps --
  void step(activity& of) {
    if (s_.now_ < of.sleeps_until) return;
    if (of.answer) {
      auto answer = std::move(of.answer);
      of.answer = nullptr;
      return answer();
    }
    if (of.request) return arrive(of);
    &of == &keeping_ ? keep() : fan_out();
  }
  void arrive(activity& of) {
    bool lost = s_.faults_ && s_.one_in(12), unanswered = s_.faults_ && s_.one_in(12);
    of.answer = of.failed;
    auto request = std::move(of.request);
    of.request = nullptr;
    if (lost) return lose(request);
    auto answer = request();
    if (!unanswered) of.answer = std::move(answer);
  }
  static void ask(activity& of, effect request, then failed) {
    of.request = std::move(request);
    of.failed = std::move(failed);
  }

  void keep() {
    auto asked_at = steady();
    bool able = !s_.faults_ || !s_.one_in(20);
    auto judged = [this, able] {
      keeper_.ran_out(steady());
      keeper_.tell(lead_);
      keeping_.sleeps_until = s_.now_ + keeper_.pause(able).count();
    };
    switch (keeper_.next(able)) {
      case lease_machine::action::wait:
        return judged();
      case lease_machine::action::renew:
        return ask(
            keeping_,
            [this, judged, asked_at, process = process_, epoch = keeper_.epoch()]() -> then {
              bool ours = s_.lease_.renew(process, epoch, lease_ms, s_.now_);
              return [=] {
                ours ? keeper_.renewed(asked_at) : keeper_.fenced();
                judged();
              };
            },
            judged);
      case lease_machine::action::acquire:
        return ask(
            keeping_,
            [this, judged, asked_at, process = process_, predecessor = predecessor_]() -> then {
              auto epoch = s_.lease_.acquire(process, lease_ms, predecessor, s_.now_);
              if (epoch) s_.granted(*epoch, process);
              return [=] {
                if (epoch) keeper_.taken(*epoch, asked_at);
                judged();
              };
            },
            judged);
    }
  }

  void fan_out() {
    auto epoch = lead_.epoch(steady());
    if (epoch != machine_.epoch()) {
      machine_.stand_down();
      if (epoch != 0) return begin_to_lead(epoch);
    }
    if (epoch == 0) return void(fanning_.sleeps_until = s_.now_ + 20);
    auto action = machine_.next(wall());
    std::visit([this](auto& what) { perform(what); }, action);
  }
  void begin_to_lead(uint64_t epoch) {
    ask(
        fanning_,
        [this, epoch]() -> then {
          bool raised = *s_.world_.journal.raise_epoch(epoch) == commit_status::done;
          raised ? s_.accepted_by_journal(epoch, "raise_epoch") : s_.refused("raise_epoch", epoch);
          return [=] {
            if (raised) machine_.lead(epoch);
          };
        },
        [this] { fanning_.sleeps_until = s_.now_ + 20; });
  }

  /// A write to MariaDB that re-checks the lease's epoch in its transaction.
  void write(const char* what, std::function<void()> change, then done) {
    ask(
        fanning_,
        [this, what, change = std::move(change), done = std::move(done), epoch = machine_.epoch()]() -> then {
          if (!s_.lease_.check_epoch(epoch)) {
            s_.refused(what, epoch);
            return [this] {
              machine_.stand_down();
              lead_.lose();
            };
          }
          s_.accepted_by_database(epoch, what);
          change();
          return done;
        },
        store_failed());
  }
  void look(then answered) {
    ask(
        fanning_, [answered = std::move(answered)] { return answered; }, store_failed());
  }
  then store_failed() {
    return [this] { machine_.store_failed(wall()); };
  }

  void perform(fan_out_machine::idle& what) {
    auto wait = what.until > 0 ? what.until - wall() : 20;
    fanning_.sleeps_until = s_.now_ + std::max<utc_ms>(1, wait);
  }
  void perform(fan_out_machine::read_worklist& what) {
    look([this, most = what.most] {
      machine_.worklist(s_.world_.worklist(start_of_time + s_.now_, most), wall());
    });
  }
  void perform(fan_out_machine::open_tasks& what) {
    look([this, keys = what.keys] {
      for (auto key : keys)
        machine_.opened(s_.world_.notes.at(key).task);
      machine_.opening_ended();
    });
  }

  static error no_answer() { return {errc::journal_unavailable, "no answer", "", 0}; }
  /// Scripts of one pipeline: each is atomic, all together are not. Where it breaks off, the others are lost
  /// or late.
  template <class Answer>
  void pipeline(std::vector<std::function<result<Answer>()>> scripts,
                void (candidate::*done)(const std::vector<result<Answer>>&)) {
    std::vector<result<Answer>> unanswered(scripts.size(), no_answer());
    ask(
        fanning_,
        [this, scripts = std::move(scripts), done, unanswered]() -> then {
          auto answers = unanswered;
          auto reached = s_.faults_ && s_.one_in(8) ? s_.random_() % (scripts.size() + 1) : scripts.size();
          for (size_t i = 0; i < scripts.size(); ++i) {
            effect rest = [one = scripts[i]] { return static_cast<void>(one()), then(); };
            i < reached ? void(answers[i] = scripts[i]()) : lose(rest);
          }
          return [=] { (this->*done)(answers); };
        },
        [this, unanswered, done] { (this->*done)(unanswered); });
  }
  template <class Answer>
  void retry_what_failed(const std::vector<result<Answer>>& answers) {
    if (std::any_of(answers.begin(), answers.end(), [](const auto& each) { return !each; }))
      machine_.store_failed(wall());
  }

  void perform(fan_out_machine::begin& what) {
    std::vector<std::function<result<journal::cursor>()>> scripts;
    for (const auto& each : what.tasks)
      scripts.emplace_back([this, key = each.task->key, from = each.from, epoch = machine_.epoch()] {
        auto begun = s_.world_.journal.begin_fan_out(epoch, key, from);
        begun->status == commit_status::done ? s_.accepted_by_journal(epoch, "begin_fan_out")
                                             : s_.refused("begin_fan_out", epoch);
        return begun;
      });
    pipeline(std::move(scripts), &candidate::begun);
  }
  void begun(const std::vector<result<journal::cursor>>& answers) {
    machine_.begun(answers);
    retry_what_failed(answers);
  }
  void perform(fan_out_machine::commit& what) {
    std::vector<std::function<result<page_committed>()>> scripts;
    for (const auto& each : *what.pages)
      scripts.emplace_back([this, page = each] {
        auto made = s_.world_.commit(page, s_.now_);
        if (!made)
          s_.violated("a page without a cursor in the journal");
        else
          made->status == commit_status::fenced ? s_.refused("commit_page", page.epoch)
                                                : s_.accepted_by_journal(page.epoch, "commit_page");
        return made;
      });
    pipeline(std::move(scripts), &candidate::committed);
  }
  void committed(const std::vector<result<page_committed>>& answers) {
    machine_.committed(answers, wall());
    retry_what_failed(answers);
  }

  void perform(fan_out_machine::mark_sending& what) {
    auto sending = std::make_shared<std::set<notification_key>>();
    write(
        "begin_sending", [this, sending, keys = what.keys] { *sending = s_.world_.begin_sending(keys); },
        [this, sending] { machine_.marked_sending(*sending); });
  }
  void perform(fan_out_machine::read_page& what) {
    ask(
        fanning_,
        [this, what] {
          return [this, what] { machine_.page_was_read(s_.world_.read(what, machine_), wall()); };
        },
        [this] {
          machine_.lead(machine_.epoch());
          machine_.store_failed(wall());
        });
  }
  void perform(fan_out_machine::note_audience& what) {
    write(
        "record_audience", [this, what] { s_.world_.record_audience(what.key, what.audience); },
        [this] { machine_.audience_noted(wall()); });
  }
  void perform(fan_out_machine::conclude& what) {
    write(
        "conclude", [this, what] { s_.world_.conclude(what.audiences); },
        [this] { machine_.concluded(wall()); });
  }
  void perform(fan_out_machine::finish_wave&) { s_.violated("a wave without one"); }
  void perform(fan_out_machine::measure& what) {
    std::vector<uint64_t> counts;
    for (const auto& name : what.queues)
      counts.push_back(s_.world_.journal.outstanding[name]);
    machine_.measured(counts, wall());
  }
  void perform(fan_out_machine::forget& what) {
    machine_.forgotten(std::vector<result<bool>>(what.keys.size(), true), wall());
  }

  candidates_simulation& s_;
  std::string host_, process_, predecessor_;
  unsigned boots_ = 0;
  utc_ms skew_ms_ = 0, rate_percent_ = 100;
  utc_ms stopped_until_ = 0, down_until_ = 0;
  lease_machine keeper_{std::chrono::milliseconds(lease_ms)};
  leadership lead_;
  fan_out_machine machine_;
  activity keeping_, fanning_;
};

candidates_simulation::candidates_simulation(uint32_t seed, model_rules rules, bool traced)
    : seed_(seed), random_(seed + 1), traced_(traced) {
  random_.discard(8);  // neighbouring seeds begin alike
  world_.journal.rules = lease_.rules = rules;
}

candidates_simulation::~candidates_simulation() = default;

void candidates_simulation::populate() {
  world_.add_devices(6 + random_() % 18);
  launch();
  auto count = 2 + random_() % 2;
  for (unsigned i = 0; i < count; ++i)
    candidates_.push_back(std::make_unique<candidate>(*this, std::string(1, static_cast<char>('a' + i))));
}

/// Those of an even number are for some devices only.
void candidates_simulation::launch() {
  auto key = world_.notes.size() + 1;
  world_.add(key, one_in(2) ? lane::campaign : lane::transactional,
             key % 2 ? "{}" : R"({"property":"odd","eq":true})");
}

void candidates_simulation::chaos() {
  for (int i = 0; i < chaotic_steps && outcome_.violation.empty(); ++i) {
    now_ += static_cast<utc_ms>(random_() % longest_step_ms);
    if (world_.notes.size() < most_notifications && one_in(60)) launch();
    if (!late_.empty() && one_in(15)) deliver_late();
    candidates_[random_() % candidates_.size()]->some_steps();
    check_leaders();
  }
}

void candidates_simulation::deliver_late() {
  auto at = late_.begin() + static_cast<std::ptrdiff_t>(random_() % late_.size());
  auto arriving = std::move(*at);
  late_.erase(at);
  ++outcome_.late;
  trace("an effect arrives late");
  arriving();
}

void candidates_simulation::finish() {
  faults_ = false;
  for (int i = 0; !(world_.done() && late_.empty()); ++i) {
    if (!outcome_.violation.empty()) return;
    if (i == most_steps) return violated("it does not come to an end");
    now_ += static_cast<utc_ms>(random_() % longest_step_ms);
    if (!late_.empty() && one_in(4)) deliver_late();
    candidates_[random_() % candidates_.size()]->some_steps();
    check_leaders();
  }
}

schedule_outcome candidates_simulation::run() {
  populate();
  chaos();
  finish();
  if (outcome_.violation.empty())
    for (const auto& [key, note] : world_.notes)
      check_complete(note, key.value % 2 == 0);
  return outcome_;
}

// -- what must hold --

void candidates_simulation::check_leaders() {
  unsigned leading = 0;
  for (const auto& each : candidates_)
    leading += each->leads() != 0;
  if (leading > 1) violated("two lead at once");
}

void candidates_simulation::accepted_by_journal(uint64_t epoch, const char* what) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch));
  if (epoch < highest_raised_) violated(std::string("the journal took an older epoch's ") + what);
  if (epoch > highest_raised_) ++outcome_.leaders;
  highest_raised_ = std::max(highest_raised_, epoch);
}

void candidates_simulation::accepted_by_database(uint64_t epoch, const char* what) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch));
  if (epoch < highest_granted_) violated(std::string("MariaDB took an older epoch's ") + what);
}

void candidates_simulation::granted(uint64_t epoch, const std::string& holder) {
  if (traced_) trace(holder + " holds the lease in epoch " + std::to_string(epoch));
  if (epoch < highest_granted_) violated("an epoch fell");
  if (epoch == highest_granted_ && holder != holder_) violated("two have led in one epoch");
  highest_granted_ = epoch;
  holder_ = holder;
}

void candidates_simulation::refused(const char* what, uint64_t epoch) {
  if (traced_) trace(std::string(what) + " in epoch " + std::to_string(epoch) + " is refused");
  ++outcome_.refused;
}

void candidates_simulation::check_complete(const world::note& note, bool odd_only) {
  size_t expected = 0;
  for (const auto& device : world_.devices) {
    if (odd_only && device.properties == "{}") continue;
    ++expected;
    const auto& where = device.gateway == gateway::fcm ? note.pushed : note.skipped;
    auto found = where.find(device.key.value);
    if (found == where.end()) return violated("a device is left out");
    if (found->second != 1) return violated("a device is appended twice");
  }
  if (note.pushed.size() + note.skipped.size() != expected) violated("a device too many");
  if (note.noted != expected) violated("a wrong audience");
  if (note.times_done != 1) violated("not completed once");
}

void candidates_simulation::violated(const std::string& what) {
  if (!outcome_.violation.empty()) return;
  trace(what);
  outcome_.violation = what + " (seed " + std::to_string(seed_) + ")";
}

void candidates_simulation::trace(const std::string& line) const {
  if (traced_) std::printf("%8lld  %s\n", static_cast<long long>(now_), line.c_str());
}

}  // namespace pusher::testing
