#include "actors/store_keeper.hpp"

#include <chrono>
#include <map>
#include <memory>

#include "actors/log.hpp"
#include "storage/application_store.hpp"
#include "storage/lease_store.hpp"

namespace pusher {

namespace {

/// What the thread knows; every step reports to the board and returns whether it went well.
class watch {
 public:
  explicit watch(node_context& node)
      : node_(node), database_(node.config.mysql), identities_(database_), applications_(database_) {
    for (const auto& name : {check_mariadb, check_redis, check_schema, check_journal})
      node_.board.report(name, false, "not asked yet");
  }

  bool look() {
    // Migrating comes first: it makes the database to which the connection then belongs.
    auto answered = migrated_ ? database_.ping() : migrate(database_);
    if (!migrated_) migrated_ = told(check_schema, answered);
    bool away = !answered && answered.failure().code == errc::store_unavailable;
    bool mariadb = told(check_mariadb, away ? answered : result<void>());
    if (!journal_ && migrated_) identify();
    bool redis =
        journal_ ? told(check_redis, journal_->heartbeat(node_.process, 3 * node_.config.limits.heartbeat_ms))
                 : told(check_redis, plain_ping());
    if (!redis || !journal_) return false;
    if (!recognised_) return recognise();
    if (!told(check_journal, journal_->check())) return false;
    if (auto depths = journal_->measure()) node_.numbers.journal_depth(*depths);
    measure_load();
    return mariadb;
  }

  void leave() {
    if (journal_) (void)journal_->end_heartbeat(node_.process);
  }

 private:
  result<void> plain_ping() {
    journal unidentified(node_.config.redis, "", node_.process);
    return unidentified.ping();
  }

  void identify() {
    auto identity = identities_.get_or_create();
    if (!told(check_schema, identity ? result<void>() : result<void>(identity.failure()))) return;
    fresh_ = identity->fresh;
    node_.run_id = identity->run_id;
    journal_ = std::make_unique<journal>(node_.config.redis, identity->run_id, node_.process);
  }

  /// What is not answered stays as it was: a store that is away refuses launches by itself.
  void measure_load() {
    if (auto used = journal_->memory_percent()) node_.load.redis_memory(*used);
    auto most = size_t{2} * node_.config.limits.notifications_under_way;
    if (auto counts = applications_.count_under_way(most)) node_.load.under_way(std::move(*counts));
  }

  /// The journal is made only once, before any job: later a missing one is a lost one.
  bool recognise() {
    if (fresh_) {
      if (!told(check_journal, journal_->create())) return false;
      if (!told(check_journal, identities_.mark_created(node_.run_id))) return false;
      fresh_ = false;
    }
    if (!told(check_journal, journal_->check())) return false;
    // The process that had our data directory is dead, or we would not hold its lock: its claims are free
    // now.
    if (!node_.predecessor.empty() && node_.predecessor != node_.process) {
      if (!told(check_redis, journal_->end_heartbeat(node_.predecessor))) return false;
    }
    recognised_ = true;
    return true;
  }

  bool told(const std::string& name, const result<void>& outcome) {
    std::string detail = outcome ? "" : outcome.failure().detail;
    auto& before = told_[name];
    if (before != detail && !outcome) log::error("store.away", {{"check", name}, {"detail", detail}});
    if (outcome && !node_.board.ok(name)) log::info("store.ready", {{"check", name}});
    node_.board.report(name, outcome.ok(), detail);
    before = std::move(detail);
    return outcome.ok();
  }

  node_context& node_;
  std::map<std::string, std::string> told_;  ///< what the log heard last of each check
  database database_;
  journal_identity_store identities_;
  application_store applications_;
  std::unique_ptr<journal> journal_;
  bool migrated_ = false;
  bool fresh_ = false;
  bool recognised_ = false;
};

}  // namespace

store_keeper::store_keeper(node_context_ptr node, std::function<void()> usable)
    : node_(std::move(node)), usable_(std::move(usable)), thread_([this] { run(); }) {}

store_keeper::~store_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void store_keeper::run() {
  watch stores(*node_);
  bool told = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    bool well = stores.look();
    if (well && !told) {
      told = true;
      usable_();
    }
    lock.lock();
    auto pause = std::chrono::milliseconds(well ? 500 : 200);
    stop_wanted_.wait_for(lock, pause, [this] { return stopping_; });
  }
  lock.unlock();
  stores.leave();
}

}  // namespace pusher
