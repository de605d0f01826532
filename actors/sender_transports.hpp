// The transports of one push-sender, by channel, and the way of their answers to the sender's actor.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/transport.hpp"

namespace pusher {

class sender_transports {
 public:
  struct arrival {
    pusher::channel channel;
    std::vector<push_answer> answers;
  };

  /// Makes the transports that are configured, of `gateways` alone unless that is empty. `poke` is called on
  /// their threads when answers arrive, once until they are taken.
  sender_transports(const settings& config, const std::vector<std::string>& gateways,
                    std::function<void()> poke);
  ~sender_transports();
  sender_transports(const sender_transports&) = delete;
  sender_transports& operator=(const sender_transports&) = delete;

  /// Null = not served here.
  transport* find(channel which) const { return made_[static_cast<size_t>(which)].get(); }
  bool empty() const;
  /// Why a configured transport could not be made: a sentence per transport.
  const std::vector<std::string>& failures() const { return failures_; }

  std::vector<arrival> take_answers();
  /// Brings tokens that the cluster shares up to date. Errors: the store's.
  result<void> synchronize(shared_values& store);

 private:
  /// A transport's sink: it notes the channel.
  struct inlet final : answer_sink {
    sender_transports* owner = nullptr;
    pusher::channel channel = channel::fcm;
    void on_answers(std::vector<push_answer> answers) override {
      owner->arrived(channel, std::move(answers));
    }
  };

  void arrived(channel from, std::vector<push_answer> answers);
  template <class Make>
  void make(channel which, Make make);
  void make_fcm(const settings& config);
  void make_apns(const settings& config, bool sandbox);

  const std::function<void()> poke_;
  std::mutex mutex_;
  std::vector<arrival> waiting_;
  std::atomic<bool> poked_{false};
  std::array<inlet, all_channels.size()> inlets_;
  std::vector<std::string> failures_;
  std::shared_ptr<provider_token_keeper> apns_tokens_;
  std::array<std::unique_ptr<transport>, all_channels.size()> made_;  ///< last: their threads end first
};

/// The channels that a credential is configured for.
std::set<channel> configured_channels(const settings& config);

}  // namespace pusher
