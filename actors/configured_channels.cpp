#include "actors/configured_channels.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace pusher {

gateway gateway_of(channel which) {
  switch (which) {
    case channel::fcm:
      return gateway::fcm;
    case channel::apns:
    case channel::apns_sandbox:
      return gateway::apns;
    case channel::webpush:
      return gateway::webpush;
    case channel::hms:
      return gateway::hms;
  }
  return gateway::fcm;
}

namespace {

bool serves(const role_entry& senders, channel which) {
  if (senders.gateways.empty()) return true;
  return std::any_of(senders.gateways.begin(), senders.gateways.end(),
                     [which](const auto& name) { return name == to_string(gateway_of(which)); });
}

struct statement {
  utc_ms said_at = 0;
  channel_set channels;
};

std::optional<statement> parse(const std::string& text) {
  std::istringstream words(text);
  statement found;
  if (!(words >> found.said_at)) return std::nullopt;
  for (std::string name; words >> name;)
    for (auto each : all_channels)  // one that we do not know is a newer version's
      if (name == to_string(each)) found.channels.insert(each);
  return found;
}

}  // namespace

channel_set configured_channels(const settings& config) {
  channel_set found;
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

channel_set served_channels(const settings& config, const std::vector<role_entry>& roles) {
  auto configured = configured_channels(config);
  channel_set served;
  for (const auto& each : roles)
    for (auto which : all_channels)
      if (each.role == role::push_sender && configured.contains(which) && serves(each, which))
        served.insert(which);
  return served;
}

std::string to_text(channel_set channels, utc_ms said_at) {
  auto text = std::to_string(said_at);
  for (auto each : all_channels)
    if (channels.contains(each)) text.append(" ").append(to_string(each));
  return text;
}

configured_elsewhere judge_configured(const std::vector<std::pair<std::string, std::string>>& said,
                                      utc_ms now) {
  configured_elsewhere found;
  for (const auto& [node, text] : said) {
    auto read = parse(text);
    if (read && now - read->said_at <= configured_for_ms)
      found.channels.insert(read->channels);
    else
      found.outdated.push_back(node);
  }
  return found;
}

}  // namespace pusher
