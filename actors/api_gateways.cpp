// The part of the API that speaks of gateways.
#include <algorithm>

#include "actors/api_operations.hpp"
#include "transports/apns/answers.hpp"
#include "transports/fcm/answers.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/hms/answers.hpp"
#include "transports/webpush/answers.hpp"

namespace pusher {

namespace {

http::gateway_description describe(gateway of, std::string_view protocol, const verdict_table& table,
                                   bool configured) {
  http::gateway_description made{to_string(of), protocol, configured, {}};
  for (auto& rule : table) {
    http::answer_row row;
    row.status = std::to_string(rule.from);
    if (rule.to != rule.from) row.status += "-" + std::to_string(rule.to);
    row.code = rule.code;
    row.detail = rule.detail;
    row.action = to_string(rule.action);
    row.reach = to_string(rule.reach);
    row.meaning = rule.meaning;
    row.wait_ms = rule.wait_ms;
    made.answers.push_back(std::move(row));
  }
  return made;
}

}  // namespace

result<std::vector<http::gateway_description>> api_operations::gateways(application_id app) {
  auto channels = channels_of(app);
  auto owner = credentials_.default_application();
  if (!channels) return channels.failure();
  if (!owner) return owner.failure();
  auto has = [&](channel which) { return channels->contains(which); };
  // Legacy FCM is only in the configuration, and only without a service account there.
  bool legacy = app == *owner && node_->config.fcm.service_account_file.empty() &&
                !node_->config.fcm_legacy.server_key.empty();
  auto uploaded = credentials_.active_of(app);
  if (!uploaded) return uploaded.failure();
  bool v1 = std::any_of(uploaded->begin(), uploaded->end(),
                        [](const auto& each) { return each.gateway == gateway::fcm; }) ||
            (has(channel::fcm) && !legacy);
  return std::vector<http::gateway_description>{
      describe(gateway::fcm, "fcm-v1", fcm_answers, v1),
      describe(gateway::fcm, "fcm-legacy", fcm_legacy_answers, legacy && !v1),
      describe(gateway::apns, "apns", apns_answers, has(channel::apns) || has(channel::apns_sandbox)),
      describe(gateway::webpush, "webpush", web_push_answers, has(channel::webpush)),
      describe(gateway::hms, "hms", hms_answers, has(channel::hms))};
}

result<std::vector<token_hold>> api_operations::token_holds(application_id app) {
  return holds_.list(app);
}

result<token_hold> api_operations::decide_token_hold(application_id app, uint64_t id, token_hold_state as) {
  return as == token_hold_state::confirmed ? holds_.confirm(app, id) : holds_.undo(app, id);
}

}  // namespace pusher
