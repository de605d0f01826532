#include "actors/journal_rebuild.hpp"

#include <chrono>

#include "actors/log.hpp"
#include "storage/fail_point.hpp"
#include "storage/fencing.hpp"

namespace pusher {

namespace {

using clock = std::chrono::steady_clock;

constexpr size_t entries_per_step = 16;  // of results: some thousand rows
constexpr size_t notifications_per_step = 500;

error stopped() {
  return {errc::store_unavailable, "The node is ending; the next leader rebuilds the journal", "", 1};
}

}  // namespace

journal_rebuild::journal_rebuild(const settings& config, std::string process)
    : process_(std::move(process)),
      database_(config.mysql),
      identities_(database_),
      notifications_(database_),
      deliveries_(database_, {config.limits.mass_deletion_minimum, config.limits.mass_deletion_percent}),
      foundation_(config.redis) {}

result<std::optional<journal_rebuild::report>> journal_rebuild::run_if_broken(
    uint64_t epoch, const std::function<void()>& epoch_raised, const std::atomic<bool>& stop) {
  // MariaDB first: see judge().
  auto known = identities_.get_or_create();
  if (!known) return known.failure();
  auto found = foundation_.look(known->run_id);
  if (!found) return found.failure();
  auto finding = judge(*known, *found);
  if (!finding.broken()) return std::optional<report>();
  log::error("journal.lost", {{"detail", finding.why}});
  auto made = identities_.begin_rebuild(process_, epoch, found->epoch.value_or(0));
  if (!made) return made.failure();
  epoch_raised();
  log::warn("journal.rebuilding", {{"run", made->run_id}, {"epoch", std::to_string(made->epoch)}});
  auto done = rebuild(*made, stop);
  foundation_.give_up();
  if (!done) return done.failure();
  return std::optional(*std::move(done));
}

result<journal_rebuild::report> journal_rebuild::rebuild(const journal_generation& made,
                                                         const std::atomic<bool>& stop) {
  auto began = clock::now();
  report done;
  done.run_id = made.run_id;
  fail_point("rebuild.named");
  // Nothing of the old generation is taken from here on: in MariaDB its writers have no marks and its leader
  // no epoch, in Redis its name is gone. So no row comes up any more but what we make of the results.
  if (auto begun = foundation_.begin(made); !begun) return begun.failure();
  fail_point("rebuild.taken");
  if (auto saved = save_results(made, done, stop); !saved) return saved.failure();
  if (auto swept = sweep(made, stop); !swept) return swept.failure();
  fail_point("rebuild.swept");
  if (auto founded = foundation_.found(made); !founded) return founded.failure();
  if (auto begun = begin_anew(made, done, stop); !begun) return begun.failure();
  fail_point("rebuild.begun_anew");
  if (auto finished = identities_.finish_rebuild(made); !finished) return finished.failure();
  // Crash here => it is whole, and whoever compares it next vouches for it.
  fail_point("rebuild.finished");
  if (auto vouched = foundation_.finish(made); !vouched) return vouched.failure();
  done.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began).count();
  return done;
}

result<void> journal_rebuild::save_results(const journal_generation& made, report& into,
                                           const std::atomic<bool>& stop) {
  auto still_leads = [&](database::connection& on) { return check_epoch(on, made.epoch); };
  std::string after;
  for (;;) {
    if (stop) return stopped();
    auto some = foundation_.results(after, entries_per_step);
    if (!some) return some.failure();
    if (some->last.empty()) return {};
    // Their pushes have no row and are made again.
    if (some->unreadable > 0)
      log::error("journal.results_unreadable", {{"entries", std::to_string(some->unreadable)}});
    if (!some->batches.empty())
      if (auto saved = deliveries_.record(some->batches, still_leads); !saved) return saved.failure();
    into.results += some->batches.size();
    after = some->last;
  }
}

result<void> journal_rebuild::sweep(const journal_generation& made, const std::atomic<bool>& stop) {
  for (;;) {
    if (stop) return stopped();
    auto more = foundation_.sweep(made);
    if (!more) return more.failure();
    if (!*more) return {};
  }
}

result<void> journal_rebuild::begin_anew(const journal_generation& made, report& into,
                                         const std::atomic<bool>& stop) {
  // What is settled but for this needs no walk through its devices.
  if (auto swept = notifications_.sweep_completed(); !swept) return swept.failure();
  notification_key after;
  for (;;) {
    if (stop) return stopped();
    auto begun = notifications_.begin_anew(made.epoch, after, notifications_per_step);
    if (!begun) return begun.failure();
    into.notifications += begun->notifications;
    into.settled += begun->settled;
    if (!begun->more) return {};
    after = begun->last;
  }
}

result<void> journal_rebuild::remember_configured(uint64_t epoch) {
  auto said = foundation_.configured();
  if (!said) return said.failure();
  if (said->empty() || *said == configured_) return {};
  if (auto noted = identities_.note_configured(epoch, *said); !noted) return noted;
  configured_ = *said;
  return {};
}

}  // namespace pusher
