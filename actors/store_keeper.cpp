#include "actors/store_keeper.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "actors/check_teller.hpp"
#include "actors/configured_channels.hpp"
#include "actors/heartbeat.hpp"
#include "actors/log.hpp"
#include "conf/load.hpp"
#include "storage/application_store.hpp"
#include "storage/journal_foundation.hpp"
#include "storage/journal_identity.hpp"
#include "storage/migrations.hpp"
#include "storage/node_registry.hpp"
#include "storage/refusal_watch.hpp"

namespace pusher {

namespace {

constexpr std::chrono::seconds load_calm{5};

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
  watch(node_context& node, const store_keeper::hooks& to, heartbeat& beat)
      : node_(node),
        to_(to),
        beat_(beat),
        checks_(node),
        registry_(node.config.redis),
        foundation_(node.config.redis) {
    if (node.config.needs_mysql()) rows_.emplace(node.config.mysql);
    node_.board.report(check_journal, false, "not asked yet");
    if (!rows_) return;
    for (const auto& name : {check_mariadb, check_schema})
      node_.board.report(name, false, "not asked yet");
  }

  bool look() {
    bool mariadb = !rows_ || look_at_rows();
    // One check and one verdict: told apart the two would contradict each other at every look.
    auto journal = say_configured();
    if (journal) journal = find_journal();
    if (!told(check_journal, journal)) return false;
    if (std::exchange(renewed_, false)) to_.journal_renewed();
    if (!recognised_ && !recognise()) return false;
    if (auto depths = journal_->measure()) {
      node_.numbers.journal_depth(*depths);
      node_.waiting.measured(*depths);
    }
    measure_load();
    return mariadb;
  }

 private:
  bool look_at_rows() {
    // Migrating comes first: it makes the database to which the connection then belongs.
    auto answered = rows_->migrated ? read_identity() : migrate_rows();
    if (!rows_->migrated) {
      rows_->migrated = told(check_schema, answered);
      if (rows_->migrated) answered = read_identity();
    }
    told(check_room, find_room());
    bool away = !answered && answered.failure().code == errc::store_unavailable;
    return told(check_mariadb, away ? answered : find_damage());
  }

  result<void> migrate_rows() {
    auto migrated = migrate(rows_->db, [this](unsigned version) {
      to_.migrating(true);
      auto what = "being migrated to version " + std::to_string(version);
      log::info("schema.migrating", {{"to", std::to_string(version)}});
      node_.board.report(check_schema, false, what);
    });
    to_.migrating(false);
    return migrated;
  }

  /// As far as anybody here needed room of late.
  static result<void> find_room() {
    auto why = mariadb_room().lately();
    return why ? error{errc::store_unavailable, "there is no room for more rows: " + *why, "", 1}
               : result<void>();
  }

  /// As far as anybody here came upon it of late.
  static result<void> find_damage() {
    auto why = mariadb_damage().lately();
    return why ? error{errc::store_unavailable, *why, "", 1} : result<void>();
  }

  result<void> read_identity() {
    identity_.reset();
    node_.board.asks(check_mariadb);
    auto known = rows_->identities.get_or_create();
    if (!known) return known.failure();
    if (node_.installation.empty()) node_.installation = known->installation;
    identity_ = *std::move(known);
    return {};
  }

  /// Which journal we are to work with. Errors: why nobody may work with it now.
  result<void> find_journal() {
    if (!rows_) return find_vouched();
    if (identity_) return compare();
    // Without MariaDB nothing can be compared, and what was compared before still holds.
    if (journal_) return journal_->check();
    return error{errc::store_unavailable, "MariaDB does not say which journal is ours", "", 1};
  }

  /// Without MariaDB: the journal in Redis is the one, if somebody vouches for it.
  result<void> find_vouched() {
    auto found = foundation_.look();
    if (!found) return found.failure();
    if (!found->run)
      return error{errc::journal_lost,
                   "there is no journal of this cluster in Redis: a node with MariaDB makes it", "", 10};
    if (found->vouched) work_with(*found->run);
    if (journal_) return journal_->check();
    return error{
        errc::journal_unavailable,
        "the journal in Redis is being compared with MariaDB, or rebuilt: nodes with MariaDB do that", "", 1};
  }

  result<void> compare() {
    // Fresh rows under a Redis that holds another journal: the finding says it better than who would make
    // one.
    auto made = identity_->fresh ? make() : result<void>();
    if (!made && made.failure().code != errc::journal_lost) return made;
    auto found = foundation_.look(identity_->run_id);
    if (!found) return found.failure();
    auto finding = judge(*identity_, *found);
    if (!made && finding.state != journal_state::foreign) return made;
    node_.journal_broken = finding.broken();
    node_.numbers.journal_rebuilding(finding.broken());
    if (finding.state != journal_state::whole) return error{errc::journal_lost, finding.why, "", 1};
    if (!found->vouched) {
      if (auto vouched = foundation_.vouch(identity_->run_id); !vouched) return vouched;
      log::info("journal.recognised", {{"run", identity_->run_id}});
    }
    work_with(identity_->run_id);
    return {};
  }

  /// The journal is made only once, before any job: later a missing one is a lost one.
  result<void> make() {
    if (auto made = journal(node_.config.redis, identity_->run_id, node_.process).create(); !made)
      return made;
    if (auto marked = rows_->identities.mark_created(identity_->run_id); !marked) return marked;
    identity_->fresh = false;
    return {};
  }

  void work_with(const std::string& run_id) {
    if (journal_ && run_id == node_.run_id()) return;
    renewed_ = journal_ != nullptr;
    node_.change_run(run_id);
    journal_ = std::make_unique<journal>(node_.config.redis, run_id, node_.process);
  }

  /// What our senders can reach. Before any role plays, so that fan-out finds no more than is so.
  result<void> say_configured() {
    if (beat_.take_introduced()) configured_said_at_ = 0;
    auto channels = served_channels(node_.config, node_.roles());
    auto now = now_ms();
    if (configured_said_at_ > 0 && channels == configured_ &&
        now < configured_said_at_ + say_configured_every_ms)
      return {};
    auto said = registry_.announce_configured(node_.config.node_name, to_text(channels, now));
    if (!said) return said;
    configured_ = channels;
    configured_said_at_ = now;
    return {};
  }

  /// What is not answered stays as it was: a store that is away refuses launches by itself.
  void measure_load() {
    if (auto used = journal_->memory_percent()) {
      node_.load.redis_memory(*used);
      node_.numbers.redis_memory(*used);
    }
    tell_load();
    if (!rows_) return;
    auto most = size_t{2} * node_.config.limits.notifications_under_way;
    if (auto counts = rows_->applications.count_under_way(most)) node_.load.under_way(std::move(*counts));
  }

  /// That launching is refused is said when it begins, and when it has been over for some time.
  void tell_load() {
    auto now = std::chrono::steady_clock::now();
    auto why = node_.load.overload(node_.config.limits);
    if (!why.empty()) overloaded_at_ = now;
    if (!why.empty() && !std::exchange(overload_told_, true))
      log::warn("launching.refused", {{"detail", why}});
    if (why.empty() && overload_told_ && now >= overloaded_at_ + load_calm) {
      overload_told_ = false;
      log::info("launching.allowed");
    }
  }

  /// The process that had our data directory is dead, or we would not hold its lock: its claims are free now.
  bool recognise() {
    if (!node_.predecessor.empty() && node_.predecessor != node_.process)
      if (!told(check_journal, registry_.withdraw(node_.predecessor))) return false;
    recognised_ = true;
    return true;
  }

  bool told(const std::string& check, const result<void>& outcome) { return checks_.told(check, outcome); }

  node_context& node_;
  const store_keeper::hooks& to_;
  heartbeat& beat_;
  check_teller checks_;
  std::optional<row_stores> rows_;  ///< nothing in a node of senders alone
  node_registry registry_;
  journal_foundation foundation_;
  std::optional<journal_identity> identity_;  ///< as MariaDB said at this look
  std::unique_ptr<journal> journal_;          ///< the one that the roles work with; null before they do
  channel_set configured_;
  utc_ms configured_said_at_ = 0;  ///< 0 = not yet
  bool renewed_ = false;           ///< the roles work with another journal
  bool recognised_ = false;
  bool overload_told_ = false;
  std::chrono::steady_clock::time_point overloaded_at_;
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
  heartbeat beat(*node_, {hooks_.roster, hooks_.stages_changed});
  watch stores(*node_, hooks_, beat);
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
}

}  // namespace pusher
