#include "actors/sender_transports.hpp"

#include <algorithm>

#include "transports/fcm/transport.hpp"

namespace pusher {

sender_transports::sender_transports(const settings& config, const std::vector<std::string>& gateways,
                                     std::function<void()> poke)
    : poke_(std::move(poke)) {
  for (auto each : all_channels) {
    auto& into = inlets_[static_cast<size_t>(each)];
    into.owner = this;
    into.channel = each;
  }
  auto wanted = [&](gateway which) {
    auto configured = configured_gateways(config);
    bool ours =
        gateways.empty() || std::find(gateways.begin(), gateways.end(), to_string(which)) != gateways.end();
    return ours && std::find(configured.begin(), configured.end(), which) != configured.end();
  };
  if (wanted(gateway::fcm))
    make(channel::fcm,
         [&](answer_sink& sink) { return make_fcm_transport(config.fcm, config.limits, sink); });
}

sender_transports::~sender_transports() = default;

template <class Make>
void sender_transports::make(channel which, Make make) {
  auto made = make(inlets_[static_cast<size_t>(which)]);
  if (made)
    made_[static_cast<size_t>(which)] = std::move(*made);
  else
    failures_.push_back(std::string(to_string(which)) + ": " + made.failure().detail);
}

bool sender_transports::empty() const {
  return std::none_of(made_.begin(), made_.end(), [](auto& each) { return each != nullptr; });
}

void sender_transports::arrived(channel from, std::vector<push_answer> answers) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    auto found =
        std::find_if(waiting_.begin(), waiting_.end(), [&](auto& each) { return each.channel == from; });
    if (found == waiting_.end())
      waiting_.push_back({from, std::move(answers)});
    else
      std::move(answers.begin(), answers.end(), std::back_inserter(found->answers));
  }
  if (!poked_.exchange(true)) poke_();
}

std::vector<sender_transports::arrival> sender_transports::take_answers() {
  poked_ = false;
  std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(waiting_, {});
}

std::vector<gateway> configured_gateways(const settings& config) {
  std::vector<gateway> found;
  if (!config.fcm.service_account_file.empty()) found.push_back(gateway::fcm);
  return found;
}

}  // namespace pusher
