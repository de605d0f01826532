#include "actors/key_keeper.hpp"

#include <chrono>
#include <optional>

#include "actors/log.hpp"
#include "storage/api_key_store.hpp"
#include "storage/database.hpp"

namespace pusher {

namespace {

using clock = http::key_ring::clock;
using namespace std::chrono_literals;

constexpr auto busy_interval = 25ms;   // while clients ask; the ring trusts ten times as long
constexpr auto idle_interval = 100ms;  // while nobody does, and so nothing needs to be trusted
constexpr auto use_interval = std::chrono::minutes(1);
constexpr size_t most_live = 100'000;  // of 8 bytes each

class watch {
 public:
  explicit watch(node_context& node) : node_(node), database_(node.config.mysql), keys_(database_) {}

  void look() {
    auto asked_at = clock::now();
    auto version = keys_.version();
    if (!version) return;  // the trust runs out
    if (known_ != *version) {
      node_.keys->distrust();
      auto live = keys_.live_hashes(most_live);
      if (!live) return;
      node_.keys->know_live(*live);
      known_ = *version;
    }
    node_.keys->unchanged(asked_at);
  }

  void note_use() {
    auto used = node_.keys->take_used(use_interval, clock::now());
    if (auto noted = keys_.note_use(used); !noted)
      log::warn("keys.use_not_noted", {{"detail", noted.failure().detail}});
  }

 private:
  node_context& node_;
  database database_;
  api_key_store keys_;
  std::optional<uint64_t> known_;
};

}  // namespace

key_keeper::key_keeper(node_context_ptr node) : node_(std::move(node)), thread_([this] { run(); }) {}

key_keeper::~key_keeper() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  thread_.join();
}

void key_keeper::run() {
  watch keys(*node_);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    bool asked = node_->keys->take_asked();
    if (asked && node_->board.ok(check_schema) && node_->board.ok(check_mariadb)) {
      keys.look();
      keys.note_use();
    }
    lock.lock();
    stop_wanted_.wait_for(lock, asked ? busy_interval : idle_interval, [this] { return stopping_; });
  }
}

}  // namespace pusher
