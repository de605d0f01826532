#include "actors/sender_transports.hpp"

#include <algorithm>
#include <set>

#include "transports/apns/transport.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/fcm/transport.hpp"
#include "transports/hms/transport.hpp"
#include "transports/webpush/transport.hpp"

namespace pusher {

namespace {

constexpr utc_ms retry_opening_ms = 10'000;
constexpr utc_ms least_tenure_ms = 5'000;  // before a busy transport makes room for one that waits
constexpr utc_ms full_pause_ms = 1'000;
constexpr const char* of_the_configuration = "";

}  // namespace

sender_transports::sender_transports(const settings& config, std::vector<std::string> gateways,
                                     std::shared_ptr<const key_ring> secrets, provider_token_memory& tokens,
                                     std::function<void()> poke)
    : config_(config),
      gateways_(std::move(gateways)),
      secrets_(std::move(secrets)),
      tokens_(tokens),
      configured_(configured_channels(config)),
      poke_(std::move(poke)) {}

sender_transports::~sender_transports() = default;

// -- which credential --

bool sender_transports::is_ours(channel which) const {
  return gateways_.empty() ||
         std::find(gateways_.begin(), gateways_.end(), to_string(gateway_of(which))) != gateways_.end();
}

std::optional<std::string> sender_transports::credential_for(push_route route) const {
  if (!is_ours(route.channel)) return std::nullopt;
  if (const auto* uploaded = index_.find(route)) return uploaded->id;
  bool configured = route.application && route.application == index_.default_application;
  if (configured && configured_.contains(route.channel)) return of_the_configuration;
  return std::nullopt;
}

std::vector<push_route> sender_transports::configured_routes() const {
  std::vector<push_route> routes;
  for (auto each : all_channels) {
    push_route route{index_.default_application, each};
    if (credential_for(route) == std::string(of_the_configuration)) routes.push_back(route);
  }
  return routes;
}

void sender_transports::adopt(credential_index index) {
  index_ = std::move(index);
  not_before_.clear();
  for (auto& [id, each] : outlets_)
    if (!each->retired && credential_for(each->route) != each->credential) retire(*each);
}

void sender_transports::retire(outlet& which) {
  which.retired = true;
  current_.erase(which.route);
  which.transport->withdraw_all();
}

bool sender_transports::serves(push_route route, utc_ms now) const {
  if (current_.count(route) > 0) return true;
  auto credential = credential_for(route);
  if (!credential || now < full_until_) return false;
  auto failed = not_before_.find(*credential);
  return failed == not_before_.end() || now >= failed->second;
}

// -- opening and closing --

result<sender_transports::outlet*> sender_transports::open(push_route route, journal& from, utc_ms now) {
  if (auto* found = find(route)) return found;
  outlet* none = nullptr;
  if (!serves(route, now) || !make_room(now)) return none;
  auto credential = *credential_for(route);
  auto made = std::make_unique<outlet>(*this, ++last_outlet_, route, credential);
  auto done = [&]() -> result<void> {
    if (credential == of_the_configuration) return make_configured(*made);
    auto sealed = from.sealed_credential(credential);
    if (!sealed) return std::move(sealed).failure();
    if (!*sealed) return error{errc::not_found, "it is not published any more", "", 0};
    return make_uploaded(*made, **sealed);
  }();
  if (!done && done.failure().code == errc::journal_unavailable) return std::move(done).failure();
  if (!done) {
    not_before_[credential] = now + retry_opening_ms;
    failures_.emplace_back(credential, std::string(to_string(route.channel)) + ": " + done.failure().detail);
    return none;
  }
  made->opened_at = made->used_at = now;
  auto* opened = made.get();
  current_[route] = opened;
  outlets_[opened->id] = std::move(made);
  return opened;
}

/// Whether one more transport may be open. When there are too many, the one that was idle for longest goes;
/// if none is idle, the one that was open for longest ends what it has begun.
bool sender_transports::make_room(utc_ms now) {
  if (outlets_.size() < config_.limits.transports_per_sender) return true;
  outlet *idle = nullptr, *oldest = nullptr;
  for (auto& [id, each] : outlets_) {
    if (each->open_targets == 0 && (!idle || each->used_at < idle->used_at)) idle = each.get();
    if (!each->retired && (!oldest || each->opened_at < oldest->opened_at)) oldest = each.get();
  }
  if (idle) {
    close(idle->id);
    return true;
  }
  if (oldest && now >= oldest->opened_at + least_tenure_ms) retire(*oldest);
  full_until_ = now + full_pause_ms;
  return false;
}

void sender_transports::tidy(utc_ms now) {
  auto idle_ms = utc_ms{config_.limits.transport_idle_seconds} * 1000;
  std::vector<outlet_id> ended;
  for (const auto& [id, each] : outlets_) {
    if (each->open_targets > 0) continue;
    bool idle = now >= each->used_at + idle_ms && each->credential != of_the_configuration;
    if (each->retired || idle) ended.push_back(id);
  }
  for (auto id : ended)
    close(id);
}

void sender_transports::close(outlet_id id) {
  auto& which = *outlets_.at(id);
  if (!which.retired) current_.erase(which.route);
  auto stats = which.transport->stats();
  past_[{which.route, stats.tally.table}].add_counters(stats);
  outlets_.erase(id);
}

void sender_transports::govern(outlet& which, const std::string& rate_name) {
  if (which.route.channel == channel::fcm)
    which.governor.emplace(rate_name, config_.fcm.messages_per_minute, config_.fcm.ramp_seconds);
}

std::shared_ptr<provider_token_keeper> sender_transports::known_tokens(const std::string& credential) const {
  for (const auto& [id, each] : outlets_)
    if (each->credential == credential && each->tokens) return each->tokens;
  return nullptr;
}

result<void> sender_transports::make_uploaded(outlet& into, const std::string& sealed) {
  const auto* listed = index_.find(into.route);
  auto text = secrets_->open(sealed, listed->seal_context());
  if (!text) return std::move(text).failure();
  auto content = parse_credential_content(*text);
  if (!content) return std::move(content).failure();
  into.tokens = known_tokens(into.credential);
  if (!into.tokens) {
    auto tokens = make_provider_tokens(*content);
    if (!tokens) return std::move(tokens).failure();
    into.tokens = *tokens;
    if (into.tokens) into.tokens->remember_in(tokens_, now_ms() / 1000);
  }
  auto made = make_transport(*content, into.route.channel, config_, into.tokens, into);
  if (!made) return std::move(made).failure();
  into.transport = *std::move(made);
  govern(into, rate_name_of(*content));
  return {};
}

result<void> sender_transports::make_configured(outlet& into) {
  std::string rate_name = "fcm";
  auto made = [&]() -> result<std::unique_ptr<transport>> {
    switch (gateway_of(into.route.channel)) {
      case gateway::fcm: {
        if (config_.fcm.service_account_file.empty())
          return make_fcm_legacy_transport(config_.fcm_legacy, config_.limits, into);
        auto account = load_service_account(config_.fcm.service_account_file);
        if (!account) return std::move(account).failure();
        rate_name = "fcm:" + account->project_id;
        return make_fcm_transport(*account, config_.fcm, config_.limits, into);
      }
      case gateway::apns: {
        into.tokens = known_tokens(of_the_configuration);
        if (!into.tokens) {
          auto tokens = make_provider_tokens(config_.apns);
          if (!tokens) return std::move(tokens).failure();
          into.tokens = *tokens;
          into.tokens->remember_in(tokens_, now_ms() / 1000);
        }
        auto where =
            into.route.channel == channel::apns_sandbox ? environment::sandbox : environment::production;
        return make_apns_transport(config_.apns, where, into.tokens, config_.limits, into);
      }
      case gateway::webpush:
        return make_web_push_transport(config_.webpush, config_.limits, into);
      case gateway::hms:
        return make_hms_transport(config_.hms, config_.limits, into);
    }
    return error{errc::internal, "a gateway without a transport", "", 0};
  }();
  if (!made) return std::move(made).failure();
  into.transport = *std::move(made);
  govern(into, rate_name);
  return {};
}

// -- work --

sender_transports::outlet* sender_transports::find(push_route route) {
  auto found = current_.find(route);
  return found == current_.end() ? nullptr : found->second;
}

sender_transports::outlet* sender_transports::find(outlet_id id) {
  auto found = outlets_.find(id);
  return found == outlets_.end() ? nullptr : found->second.get();
}

void sender_transports::submit(outlet& to, push_order order, utc_ms now) {
  to.open_targets += order.targets.size();
  to.used_at = now;
  if (to.governor) to.governor->submitted(order.targets.size());
  to.transport->submit(std::move(order));
}

result<void> sender_transports::synchronize(shared_values& store) {
  std::set<provider_token_keeper*> done;
  for (auto& [id, each] : outlets_)
    if (each->tokens && done.insert(each->tokens.get()).second)
      if (auto good = each->tokens->synchronize(store, now_ms() / 1000); !good) return good;
  return {};
}

void sender_transports::arrived(outlet_id from, std::vector<push_answer> answers) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    auto found =
        std::find_if(waiting_.begin(), waiting_.end(), [&](auto& each) { return each.outlet == from; });
    if (found == waiting_.end())
      waiting_.push_back({from, std::move(answers)});
    else
      std::move(answers.begin(), answers.end(), std::back_inserter(found->answers));
  }
  if (!poked_.exchange(true)) poke_();
}

std::vector<sender_transports::arrival> sender_transports::take_answers() {
  poked_ = false;
  std::vector<arrival> taken;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    taken = std::exchange(waiting_, {});
  }
  for (const auto& each : taken)
    if (auto* from = find(each.outlet)) from->open_targets -= each.answers.size();
  return taken;
}

}  // namespace pusher
