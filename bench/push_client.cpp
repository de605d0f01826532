// Sends pushes to a running gateway emulator by the classes and threads of a push-sender, without journal and
// stores: what sending alone costs. bench/stages.py sets it beside h2load.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "actors/log.hpp"
#include "actors/sender_transports.hpp"
#include "bench/gateway_facts.hpp"
#include "bench/measure.hpp"
#include "bench/push_request.hpp"

namespace pusher::bench {

namespace {

constexpr size_t targets_per_order = 500;  // as fan-out makes batches
constexpr size_t most_open = 4 * targets_per_order;
constexpr application_id application{1};

/// The store of a cluster of one.
class private_values final : public shared_values {
 public:
  result<std::optional<std::string>> load(const std::string&) override { return value_; }
  result<bool> replace(const std::string&, const std::optional<std::string>&,
                       const std::string& value) override {
    value_ = value;
    return true;
  }

 private:
  std::optional<std::string> value_;
};

/// The part of a push-sender that has to do with gateways.
class sender {
 public:
  explicit sender(const emulated& gateway)
      : gateway_(gateway), transports_(gateway.config, {}, nullptr, memory_, [this] { poke(); }) {
    credential_index index;
    index.default_application = application;
    transports_.adopt(std::move(index));
    journal none(gateway_.config.redis, "", "");  // asked for uploaded credentials alone
    outlet_ = must(transports_.open({application, gateway_.channel}, none, now_ms()));
    if (outlet_ == nullptr)
      give_up({errc::invalid_configuration, transports_.take_failures().at(0).second, "", 0});
    private_values values;
    must(transports_.synchronize(values));
  }

  /// Sends so many; ends the program unless each is accepted.
  void send(std::vector<push_order> orders) {
    size_t next = 0;
    while (next < orders.size() || outlet_->open_targets > 0) {
      while (next < orders.size() && outlet_->open_targets < most_open)
        transports_.submit(*outlet_, std::move(orders[next++]), now_ms());
      wait_for_poke();
      for (const auto& each : transports_.take_answers())
        take(each.answers);
    }
  }

  std::vector<push_order> orders(uint64_t count) {
    auto content = campaign_message(gateway_.channel);
    std::vector<push_order> made;
    for (uint64_t i = 0; i < count; ++i, ++targets_) {
      if (i % targets_per_order == 0) {
        made.emplace_back();
        made.back().id = ++orders_;
        made.back().content = content;
      }
      made.back().numbers.push_back(static_cast<uint32_t>(made.back().targets.size()));
      made.back().targets.push_back(gateway_.target(targets_));
    }
    return made;
  }

  uint64_t connections() { return outlet_->transport->stats().connections; }

 private:
  void poke() {
    std::lock_guard guard(mutex_);
    poked_ = true;
    changed_.notify_one();
  }
  void wait_for_poke() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return poked_; });
    poked_ = false;
  }
  void take(const std::vector<push_answer>& answers) {
    for (const auto& each : answers)
      if (each.verdict.kind != verdict_kind::accepted)
        give_up({errc::internal, "a push was not accepted: " + each.verdict.code, "", 0});
    outlet_->transport->recorded(answers.size());
  }

  const emulated& gateway_;
  provider_token_memory memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool poked_ = false;
  uint64_t orders_ = 0, targets_ = 0;
  sender_transports::outlet* outlet_ = nullptr;
  sender_transports transports_;  ///< last: its threads end first
};

void run(const emulated& gateway, const std::string& name, uint64_t count) {
  sender sends(gateway);
  sends.send(sends.orders(targets_per_order));  // signs in and connects
  auto orders = sends.orders(count);
  stopwatch watch;
  sends.send(std::move(orders));
  tell(name, side::ours, count, watch.read());
  std::fprintf(stderr, "%llu connections\n", static_cast<unsigned long long>(sends.connections()));
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  using namespace pusher::bench;
  CLI::App app("Sends pushes to a running gateway emulator, without journal and stores.");
  std::string ready, gateway = "fcm";
  uint64_t count = 200'000;
  unsigned connections = 16;
  bool request = false;
  app.add_option("--ready", ready, "The emulator's ready.json")->required();
  app.add_option("--gateway", gateway, "fcm, apns or webpush")->capture_default_str();
  app.add_option("--count", count, "Pushes to send")->capture_default_str();
  app.add_option("--connections", connections, "Most connections; more are opened only when it pays")
      ->capture_default_str();
  app.add_flag("--request", request, "Send nothing; print one push as an HTTP request, in JSON");
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("warn", "text");
  auto emulator = must(emulated_gateway(ready, gateway));
  emulator.config.limits.connections_per_credential = connections;
  if (request) {
    private_values values;
    std::printf("%s\n", push_request_json(emulator, values).c_str());
  } else {
    run(emulator, "push client: " + gateway, count);
  }
  return 0;
}
