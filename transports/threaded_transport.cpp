#include "transports/threaded_transport.hpp"

#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace pusher {

namespace {

class threaded_transport final : public transport, private event_loop::task {
 public:
  threaded_transport(std::unique_ptr<event_loop> loop, std::unique_ptr<loop_side> side, answer_sink& sink)
      : sink_(sink), loop_(std::move(loop)), side_(std::move(side)), thread_([this] { loop_->run(*this); }) {}

  ~threaded_transport() override {
    loop_->stop();
    thread_.join();
  }

  void submit(push_order order) override {
    put([&](inbox& into) { into.orders.push_back(std::move(order)); });
  }
  void withdraw(uint64_t order) override {
    put([&](inbox& into) { into.withdrawn.push_back(order); });
  }
  void withdraw_all() override {
    put([&](inbox& into) { into.withdraw_all = true; });
  }
  void grant(size_t requests) override {
    put([&](inbox& into) { into.granted = into.granted.value_or(0) + requests; });
  }
  void recorded(size_t answers) override {
    put([&](inbox& into) { into.recorded += answers; });
  }

  transport_stats stats() const override {
    std::lock_guard lock(mutex_);
    auto now = std::chrono::steady_clock::now();
    // Between rounds the thread waits, and what was held is held on.
    auto until_now = shares_;
    if (stats_.held_now) until_now.add(*stats_.held_now, now - round_at_);
    auto made = stats_;
    auto shares = until_now.shares(now);
    made.shares = {shares[held_by::kinds], shares[held_by::streams], shares[held_by::records],
                   shares[held_by::rate],  shares[held_by::breaker], shares[held_by::credential]};
    return made;
  }

 private:
  /// What other threads ask for, until the loop takes it.
  struct inbox {
    std::vector<push_order> orders;
    std::vector<uint64_t> withdrawn;
    bool withdraw_all = false;
    size_t recorded = 0;
    std::optional<size_t> granted;
  };

  template <class Change>
  void put(Change change) {
    {
      std::lock_guard lock(mutex_);
      change(inbox_);
    }
    loop_->wake();
  }

  steady_time on_round(steady_time now) override {
    take_inbox();
    auto due = side_->on_round(now);
    if (auto answers = side_->take_answers(); !answers.empty()) sink_.on_answers(std::move(answers));
    auto fresh = side_->stats(now);
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < fresh.held.size(); ++i)
      shares_.set(i, fresh.held[i]);
    shares_.set(held_by::kinds, (now - started_) - loop_->waited());
    shares_.advance(now);
    round_at_ = now;
    stats_ = std::move(fresh);
    return due;
  }

  void take_inbox() {
    inbox taken;
    {
      std::lock_guard lock(mutex_);
      std::swap(taken, inbox_);
    }
    side_->recorded(taken.recorded);
    if (taken.granted) side_->grant(*taken.granted);
    for (auto& order : taken.orders)
      side_->submit(std::move(order));
    for (auto order : taken.withdrawn)
      side_->withdraw(order);
    if (taken.withdraw_all) side_->withdraw_all();
  }

  answer_sink& sink_;
  std::unique_ptr<event_loop> loop_;
  std::unique_ptr<loop_side> side_;  ///< may wake the loop from threads of its own: must go before it
  mutable std::mutex mutex_;
  inbox inbox_;
  const steady_time started_ = std::chrono::steady_clock::now();
  steady_time round_at_ = started_;
  share_gauge<held_by::kinds + 1> shares_;  ///< what is held, and last the thread's work
  transport_stats stats_;
  std::thread thread_;
};

}  // namespace

result<std::unique_ptr<transport>> start_transport(
    answer_sink& sink, const std::function<result<std::unique_ptr<loop_side>>(event_loop&)>& make) {
  auto loop = event_loop::make();
  if (!loop) return std::move(loop).failure();
  try {
    auto side = make(**loop);
    if (!side) return std::move(side).failure();
    return std::unique_ptr<transport>(
        std::make_unique<threaded_transport>(*std::move(loop), *std::move(side), sink));
  } catch (const std::system_error&) {
    return error{errc::internal, "cannot start the threads of a transport", "", 0};
  }
}

}  // namespace pusher
