#include "transports/fcm/transport.hpp"

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "transports/fcm/sender.hpp"
#include "transports/origin.hpp"
#include "transports/service_account.hpp"

namespace pusher {

namespace {

/// The thread around an fcm_sender: hands over what other threads ask, and the answers.
class fcm_transport final : public transport, private event_loop::task {
 public:
  fcm_transport(std::unique_ptr<event_loop> loop, tls_context tls, service_account account, origin where,
                const fcm_settings& settings, const limits_settings& limits, answer_sink& sink)
      : sink_(sink),
        loop_(std::move(loop)),
        tls_(std::move(tls)),
        tokens_(account, settings.ca_file, [this] { loop_->wake(); }),
        sender_({*loop_, tls_, tokens_, std::move(where), account.project_id}, settings, limits),
        thread_([this] { loop_->run(*this); }) {}

  ~fcm_transport() override {
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
  void recorded(size_t answers) override {
    put([&](inbox& into) { into.recorded += answers; });
  }

  transport_stats stats() const override {
    std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  /// What other threads ask for, until the loop takes it.
  struct inbox {
    std::vector<push_order> orders;
    std::vector<uint64_t> withdrawn;
    bool withdraw_all = false;
    size_t recorded = 0;
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
    auto due = sender_.on_round(now);
    if (auto answers = sender_.take_answers(); !answers.empty()) sink_.on_answers(std::move(answers));
    publish_stats(now);
    return due;
  }

  void take_inbox() {
    inbox taken;
    {
      std::lock_guard lock(mutex_);
      std::swap(taken, inbox_);
    }
    sender_.recorded(taken.recorded);
    for (auto& order : taken.orders)
      sender_.submit(std::move(order));
    for (auto order : taken.withdrawn)
      sender_.withdraw(order);
    if (taken.withdraw_all) sender_.withdraw_all();
  }

  void publish_stats(steady_time now) {
    auto fresh = sender_.numbers();
    fresh.trouble = sender_.trouble(now);
    std::lock_guard lock(mutex_);
    stats_ = std::move(fresh);
  }

  answer_sink& sink_;
  std::unique_ptr<event_loop> loop_;
  tls_context tls_;
  oauth_client tokens_;  ///< wakes the loop: must go before it
  fcm_sender sender_;
  mutable std::mutex mutex_;
  inbox inbox_;
  transport_stats stats_;
  std::thread thread_;
};

}  // namespace

result<std::unique_ptr<transport>> make_fcm_transport(const fcm_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink) {
  auto account = load_service_account(settings.service_account_file);
  if (!account) return std::move(account).failure();
  auto where = parse_origin(settings.base_url);
  if (!where) return std::move(where).failure();
  auto tls = tls_context::make(settings.ca_file);
  if (!tls) return std::move(tls).failure();
  auto loop = event_loop::make();
  if (!loop) return std::move(loop).failure();
  try {
    return std::unique_ptr<transport>(std::make_unique<fcm_transport>(
        *std::move(loop), *std::move(tls), *std::move(account), *std::move(where), settings, limits, sink));
  } catch (const std::system_error&) {
    return error{errc::internal, "cannot start the threads of the FCM transport", "", 0};
  }
}

}  // namespace pusher
