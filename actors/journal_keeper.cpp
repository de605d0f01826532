#include "actors/journal_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "actors/journal_rebuild.hpp"
#include "actors/log.hpp"
#include "storage/append_only_file.hpp"
#include "storage/redis_files.hpp"

namespace pusher {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto look_every = 100ms;  // at what the store keeper has found; costs nothing
constexpr auto configured_every = 1s;
constexpr auto file_every = 500ms;
constexpr clock::duration first_pause = 200ms, longest_pause = 5s;  // after a rebuild that failed

/// Of an embedded Redis: once it runs, its socket is configured, but a host never is.
std::string redis_directory_of(const settings& config) {
  return config.redis.host.empty() ? redis_directory(config.data_directory) : "";
}

/// The work, one look at a time.
class keeping {
 public:
  keeping(node_context& node, const std::function<void()>& epoch_raised, const std::atomic<bool>& stop)
      : node_(node),
        epoch_raised_(epoch_raised),
        stop_(stop),
        journal_(node.config, node.process),
        file_(node.config.redis, redis_directory_of(node.config)) {}

  void look() {
    auto epoch = node_.lead.epoch();
    if (epoch == 0) return;
    look_after_file();
    if (clock::now() < again_at_) return;
    if (node_.journal_broken) return rebuild(epoch);
    if (!node_.board.ok(check_journal) || clock::now() < configured_at_) return;
    configured_at_ = clock::now() + configured_every;
    if (auto noted = journal_.remember_configured(epoch); !noted) tell("configured", noted.failure());
  }

 private:
  void look_after_file() {
    if (clock::now() < file_at_) return;
    file_at_ = clock::now() + file_every;
    auto done = file_.look();
    // That Redis does not answer is told by others; that it refuses to rewrite is told here.
    if (!done && node_.board.ok(check_redis)) return tell("append_only_file", done.failure());
    if (done && *done == append_only_file::step::mended)
      log::info("journal.file_rewritten",
                {{"detail", "Redis could not write its append-only file for a while: it was made anew"}});
  }

  void rebuild(uint64_t epoch) {
    auto done = journal_.run_if_broken(epoch, epoch_raised_, stop_);
    if (!done) {
      again_at_ = clock::now() + pause_;
      pause_ = std::min(2 * pause_, longest_pause);
      return tell("rebuild", done.failure());
    }
    pause_ = first_pause;
    // The store keeper sees for itself; until then there is no use in looking again.
    node_.journal_broken = false;
    told_.clear();
    if (!*done) return;
    const auto& made = **done;
    node_.numbers.journal_rebuilt();
    log::info("journal.rebuilt", {{"run", made.run_id},
                                  {"notifications", std::to_string(made.notifications)},
                                  {"devices_settled", std::to_string(made.settled)},
                                  {"results_saved", std::to_string(made.results)},
                                  {"ms", std::to_string(made.milliseconds)}});
  }

  /// The same trouble once.
  void tell(const char* doing, const error& why) {
    auto now = std::string(doing) + ": " + why.detail;
    if (now != told_) log::warn("journal.keeping_failed", {{"doing", doing}, {"detail", why.detail}});
    told_ = now;
  }

  node_context& node_;
  const std::function<void()>& epoch_raised_;
  const std::atomic<bool>& stop_;
  journal_rebuild journal_;
  append_only_file file_;
  clock::time_point configured_at_, again_at_, file_at_;
  clock::duration pause_ = first_pause;
  std::string told_;
};

}  // namespace

journal_keeper::journal_keeper(node_context_ptr node, std::function<void()> epoch_raised)
    : node_(std::move(node)), epoch_raised_(std::move(epoch_raised)), thread_([this] { run(); }) {}

journal_keeper::~journal_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void journal_keeper::run() {
  keeping journal(*node_, epoch_raised_, stopping_);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    journal.look();
    lock.lock();
    stop_wanted_.wait_for(lock, look_every, [this] { return stopping_.load(); });
  }
}

}  // namespace pusher
