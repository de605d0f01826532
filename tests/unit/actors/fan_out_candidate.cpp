#include "tests/unit/actors/fan_out_candidate.hpp"

#include <algorithm>
#include <set>

namespace pusher::testing {

namespace {

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

candidate::candidate(candidates_simulation& of, std::string host)
    : s_(of), host_(std::move(host)), machine_(bounds(), {{{1}, {channel::fcm}}}) {
  skew_ms_ = static_cast<utc_ms>(s_.random_() % 7'200'001) - 3'600'000;
  rate_percent_ = 95 + static_cast<utc_ms>(s_.random_() % 11);
  rename();
}

void candidate::some_steps() {
  if (down() || s_.now_ < stopped_until_) return;
  if (s_.faults_) suffer();
  auto& which = s_.one_in(3) ? keeping_ : fanning_;
  for (auto left = 1 + s_.random_() % 4; left > 0 && !down(); --left)
    step(which);
}

void candidate::rename() {
  predecessor_ = process_;
  process_ = host_ + "/" + std::to_string(++boots_);
  keeper_ = lease_machine(std::chrono::milliseconds(lease_ms));
  lead_.lose();
  machine_.stand_down();
  keeping_ = fanning_ = {};
}

void candidate::suffer() {
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

void candidate::end(bool cleanly) {
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

void candidate::lose(effect& request) {
  if (s_.one_in(2)) s_.late_.push_back(std::move(request));
  request = nullptr;
}

void candidate::step(activity& of) {
  if (s_.now_ < of.sleeps_until) return;
  if (of.answer) {
    auto answer = std::move(of.answer);
    of.answer = nullptr;
    return answer();
  }
  if (of.request) return arrive(of);
  &of == &keeping_ ? keep() : fan_out();
}

void candidate::arrive(activity& of) {
  bool lost = s_.faults_ && s_.one_in(12), unanswered = s_.faults_ && s_.one_in(12);
  of.answer = of.failed;
  auto request = std::move(of.request);
  of.request = nullptr;
  if (lost) return lose(request);
  auto answer = request();
  if (!unanswered) of.answer = std::move(answer);
}

void candidate::ask(activity& of, effect request, then failed) {
  of.request = std::move(request);
  of.failed = std::move(failed);
}

void candidate::keep() {
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

void candidate::fan_out() {
  auto epoch = lead_.epoch(steady());
  if (epoch != machine_.epoch()) {
    machine_.stand_down();
    if (epoch != 0) return begin_to_lead(epoch);
  }
  if (epoch == 0) return void(fanning_.sleeps_until = s_.now_ + 20);
  auto action = machine_.next(wall());
  std::visit([this](auto& what) { perform(what); }, action);
}

void candidate::begin_to_lead(uint64_t epoch) {
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

void candidate::write(const char* what, std::function<void()> change, then done) {
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

void candidate::look(then answered) {
  ask(
      fanning_, [answered = std::move(answered)] { return answered; }, store_failed());
}

candidate::then candidate::store_failed() {
  return [this] { machine_.store_failed(wall()); };
}

void candidate::perform(fan_out_machine::idle& what) {
  auto wait = what.until > 0 ? what.until - wall() : 20;
  fanning_.sleeps_until = s_.now_ + std::max<utc_ms>(1, wait);
}

void candidate::perform(fan_out_machine::read_worklist& what) {
  look([this, most = what.most] {
    machine_.worklist(s_.world_.worklist(start_of_time + s_.now_, most), wall());
  });
}

void candidate::perform(fan_out_machine::open_tasks& what) {
  look([this, keys = what.keys] {
    for (auto key : keys)
      machine_.opened(s_.world_.notes.at(key).task);
    machine_.opening_ended();
  });
}

template <class Answer>
void candidate::pipeline(std::vector<std::function<result<Answer>()>> scripts,
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
void candidate::retry_what_failed(const std::vector<result<Answer>>& answers) {
  if (std::any_of(answers.begin(), answers.end(), [](const auto& each) { return !each; }))
    machine_.store_failed(wall());
}

void candidate::perform(fan_out_machine::begin& what) {
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

void candidate::begun(const std::vector<result<journal::cursor>>& answers) {
  machine_.begun(answers);
  retry_what_failed(answers);
}

void candidate::perform(fan_out_machine::commit& what) {
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

void candidate::committed(const std::vector<result<page_committed>>& answers) {
  machine_.committed(answers, wall());
  retry_what_failed(answers);
}

void candidate::perform(fan_out_machine::mark_sending& what) {
  auto sending = std::make_shared<std::set<notification_key>>();
  write(
      "begin_sending", [this, sending, keys = what.keys] { *sending = s_.world_.begin_sending(keys); },
      [this, sending] { machine_.marked_sending(*sending); });
}

void candidate::perform(fan_out_machine::read_page& what) {
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

void candidate::perform(fan_out_machine::note_audience& what) {
  write(
      "record_audience", [this, what] { s_.world_.record_audience(what.key, what.audience); },
      [this] { machine_.audience_noted(wall()); });
}

void candidate::perform(fan_out_machine::conclude& what) {
  write(
      "conclude", [this, what] { s_.world_.conclude(what.audiences); },
      [this] { machine_.concluded(wall()); });
}

void candidate::perform(fan_out_machine::measure& what) {
  std::vector<uint64_t> counts;
  for (const auto& name : what.queues)
    counts.push_back(s_.world_.journal.outstanding[name]);
  machine_.measured(counts, wall());
}

void candidate::perform(fan_out_machine::forget& what) {
  machine_.forgotten(std::vector<result<bool>>(what.keys.size(), true), wall());
}

}  // namespace pusher::testing
