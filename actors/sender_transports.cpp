#include "actors/sender_transports.hpp"

#include <algorithm>

#include "transports/apns/transport.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/fcm/transport.hpp"
#include "transports/hms/transport.hpp"
#include "transports/webpush/transport.hpp"

namespace pusher {

sender_transports::sender_transports(const settings& config, const std::vector<std::string>& gateways,
                                     std::function<void()> poke)
    : poke_(std::move(poke)) {
  for (auto each : all_channels) {
    auto& into = inlets_[static_cast<size_t>(each)];
    into.owner = this;
    into.channel = each;
  }
  auto configured = configured_channels(config);
  auto wanted = [&](channel which, gateway of) {
    bool ours =
        gateways.empty() || std::find(gateways.begin(), gateways.end(), to_string(of)) != gateways.end();
    return ours && configured.count(which) > 0;
  };
  if (wanted(channel::fcm, gateway::fcm)) make_fcm(config);
  if (wanted(channel::hms, gateway::hms))
    make(channel::hms,
         [&](answer_sink& sink) { return make_hms_transport(config.hms, config.limits, sink); });
  if (wanted(channel::webpush, gateway::webpush))
    make(channel::webpush,
         [&](answer_sink& sink) { return make_web_push_transport(config.webpush, config.limits, sink); });
  if (wanted(channel::apns, gateway::apns)) make_apns(config, configured.count(channel::apns_sandbox) > 0);
}

void sender_transports::make_fcm(const settings& config) {
  make(channel::fcm, [&](answer_sink& sink) {
    return config.fcm.service_account_file.empty()
               ? make_fcm_legacy_transport(config.fcm_legacy, config.limits, sink)
               : make_fcm_transport(config.fcm, config.limits, sink);
  });
}

void sender_transports::make_apns(const settings& config, bool sandbox) {
  auto tokens = make_provider_tokens(config.apns);
  if (!tokens) {
    failures_.push_back("apns: " + tokens.failure().detail);
    return;
  }
  apns_tokens_ = *tokens;
  make(channel::apns, [&](answer_sink& sink) {
    return make_apns_transport(config.apns, environment::production, apns_tokens_, config.limits, sink);
  });
  if (!sandbox) return;
  make(channel::apns_sandbox, [&](answer_sink& sink) {
    return make_apns_transport(config.apns, environment::sandbox, apns_tokens_, config.limits, sink);
  });
}

result<void> sender_transports::synchronize(shared_values& store) {
  return apns_tokens_ ? apns_tokens_->synchronize(store, now_ms() / 1000) : result<void>();
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

std::set<channel> configured_channels(const settings& config) {
  std::set<channel> found;
  if (!config.fcm.service_account_file.empty() || !config.fcm_legacy.server_key.empty())
    found.insert(channel::fcm);
  if (config.apns.configured()) {
    found.insert(channel::apns);
    if (!config.apns.sandbox_url().empty()) found.insert(channel::apns_sandbox);
  }
  if (!config.webpush.vapid_key_file.empty()) found.insert(channel::webpush);
  if (!config.hms.app_id.empty()) found.insert(channel::hms);
  return found;
}

}  // namespace pusher
