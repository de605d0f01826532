#include "actors/store_keeper.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "actors/configured_channels.hpp"
#include "actors/log.hpp"
#include "conf/load.hpp"
#include "storage/application_store.hpp"
#include "storage/lease_store.hpp"
#include "storage/node_registry.hpp"

namespace pusher {

namespace {

/// MariaDB's part: the schema, and which journal belongs to our rows.
struct row_stores {
  explicit row_stores(const mysql_settings& config) : db(config), identities(db), applications(db) {}

  database db;
  journal_identity_store identities;
  application_store applications;
  bool migrated = false;
};

/// What the thread knows; every step reports to the board and returns whether it went well.
class watch {
 public:
  watch(node_context& node, const store_keeper::hooks& to)
      : node_(node), to_(to), registry_(node.config.redis) {
    if (node.config.needs_mysql()) rows_.emplace(node.config.mysql);
    for (const auto& name : {check_redis, check_journal})
      node_.board.report(name, false, "not asked yet");
    if (!rows_) return;
    for (const auto& name : {check_mariadb, check_schema})
      node_.board.report(name, false, "not asked yet");
  }

  bool look() {
    bool mariadb = !rows_ || look_at_rows();
    if (!told(check_redis, announce())) return false;
    meet();
    if (!rows_ && !journal_) find_journal();
    if (!journal_) return false;
    if (!recognised_ && !recognise()) return false;
    if (!told(check_journal, journal_->check())) return false;
    if (!told(check_redis, say_configured())) return false;
    if (auto depths = journal_->measure()) {
      node_.numbers.journal_depth(*depths);
      node_.waiting.measured(*depths);
    }
    measure_load();
    return mariadb;
  }

  void leave() { (void)registry_.withdraw(node_.process); }

 private:
  bool look_at_rows() {
    // Migrating comes first: it makes the database to which the connection then belongs.
    auto answered = rows_->migrated ? rows_->db.ping() : migrate(rows_->db);
    if (!rows_->migrated) rows_->migrated = told(check_schema, answered);
    bool away = !answered && answered.failure().code == errc::store_unavailable;
    bool well = told(check_mariadb, away ? answered : result<void>());
    if (!journal_ && rows_->migrated) identify();
    return well;
  }

  void identify() {
    auto identity = rows_->identities.get_or_create();
    if (!told(check_schema, identity ? result<void>() : result<void>(identity.failure()))) return;
    fresh_ = identity->fresh;
    work_with(identity->run_id);
  }

  /// Without MariaDB: Redis's journal is the one.
  void find_journal() {
    journal unidentified(node_.config.redis, "", node_.process);
    auto found = unidentified.found_run_id();
    if (told(check_journal, found ? result<void>() : found.failure())) work_with(*found);
  }

  void work_with(const std::string& run_id) {
    node_.run_id = run_id;
    journal_ = std::make_unique<journal>(node_.config.redis, run_id, node_.process);
  }

  result<void> announce() {
    node_record ours;
    ours.name = node_.config.node_name;
    ours.process = node_.process;
    ours.address = node_.address;
    ours.roles = to_text(node_.roles());
    ours.version = PUSHER_VERSION;
    ours.admin = to_text(node_.config.admin);
    for (const auto& each : node_.config.roles)
      if (each.role == role::api) ours.api = to_text(node_.config.api);
    ours.started_at = node_.started_at;
    ours.ready = node_.board.ready();
    ours.draining = node_.board.draining();
    return registry_.announce(node_.process, encode(ours), 3 * node_.config.limits.heartbeat_ms);
  }

  /// All nodes go by Redis's clock, however wrong this host's is: gateways refuse what is signed an hour from
  /// now.
  void keep_time() {
    auto asked_at = steady_ms();
    auto theirs = registry_.clock();
    if (!theirs) return;
    if (auto changed = follow_clock(*theirs, asked_at); changed != 0)
      log::warn("clock.corrected",
                {{"by_ms", std::to_string(changed)},
                 {"detail", "this host's clock and that of Redis differ: set them right, e.g. by NTP"}});
  }

  /// What other nodes and operators say through the registry. What is not answered stays as it was.
  void meet() {
    keep_time();
    if (auto listed = registry_.list()) {
      auto others = std::make_shared<std::vector<known_node>>();
      for (const auto& each : *listed)
        if (auto record = decode_node_record(each.record); record && each.process != node_.process)
          others->push_back({std::move(*record), each.age_ms, each.alive});
      to_.roster(std::move(others));
    }
    if (auto held = registry_.held_stages())
      if (node_.stages.hold_only(*held)) to_.stages_changed();
  }

  /// What our senders can reach. Before any role plays, so that fan-out finds no more than is so.
  result<void> say_configured() {
    auto channels = served_channels(node_.config, node_.roles());
    auto now = now_ms();
    if (configured_said_at_ > 0 && channels == configured_ &&
        now < configured_said_at_ + say_configured_every_ms)
      return {};
    auto said = journal_->announce_configured(node_.config.node_name, to_text(channels, now));
    if (!said) return said;
    configured_ = channels;
    configured_said_at_ = now;
    return {};
  }

  /// What is not answered stays as it was: a store that is away refuses launches by itself.
  void measure_load() {
    if (auto used = journal_->memory_percent()) node_.load.redis_memory(*used);
    if (!rows_) return;
    auto most = size_t{2} * node_.config.limits.notifications_under_way;
    if (auto counts = rows_->applications.count_under_way(most)) node_.load.under_way(std::move(*counts));
  }

  /// The journal is made only once, before any job: later a missing one is a lost one.
  bool recognise() {
    if (fresh_) {
      if (!told(check_journal, journal_->create())) return false;
      if (!told(check_journal, rows_->identities.mark_created(node_.run_id))) return false;
      fresh_ = false;
    }
    if (!told(check_journal, journal_->check())) return false;
    // The process that had our data directory is dead, or we would not hold its lock: its claims are free
    // now.
    if (!node_.predecessor.empty() && node_.predecessor != node_.process) {
      if (!told(check_redis, registry_.withdraw(node_.predecessor))) return false;
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
  const store_keeper::hooks& to_;
  std::map<std::string, std::string> told_;  ///< what the log heard last of each check
  std::optional<row_stores> rows_;           ///< nothing in a node of senders alone
  node_registry registry_;
  std::unique_ptr<journal> journal_;
  channel_set configured_;
  utc_ms configured_said_at_ = 0;  ///< 0 = not yet
  bool fresh_ = false;
  bool recognised_ = false;
};

}  // namespace

store_keeper::store_keeper(node_context_ptr node, hooks to)
    : node_(std::move(node)), hooks_(std::move(to)), thread_([this] { run(); }) {}

store_keeper::~store_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void store_keeper::run() {
  watch stores(*node_, hooks_);
  bool told = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    bool well = stores.look();
    if (well && !told) {
      told = true;
      hooks_.usable();
    }
    lock.lock();
    auto pause = std::chrono::milliseconds(well ? 500 : 200);
    stop_wanted_.wait_for(lock, pause, [this] { return stopping_; });
  }
  lock.unlock();
  stores.leave();
}

}  // namespace pusher
