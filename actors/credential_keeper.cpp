#include "actors/credential_keeper.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "actors/configured_channels.hpp"
#include "actors/credential_index.hpp"
#include "actors/credential_publisher.hpp"
#include "actors/log.hpp"
#include "transports/tls_context.hpp"

namespace pusher {

namespace {

constexpr utc_ms day_ms = 24 * 3600 * 1000;
constexpr std::array<utc_ms, 4> warn_before_days{30, 7, 1, 0};

utc_ms certificate_end(const apns_settings& apns) {
  auto identity = load_identity(apns.certificate_file, apns.certificate_password);
  if (!identity || identity->content.empty()) return 0;
  auto facts = examine(*identity);
  return facts ? facts->ends_at * 1000 : 0;
}

}  // namespace

credential_keeper::credential_keeper(const settings& config, channel_set configured,
                                     std::shared_ptr<const key_ring> secrets, database& db, journal& to,
                                     std::function<void(const credential_expiries&)> tell_expiry)
    : configured_(configured),
      secrets_(std::move(secrets)),
      store_(db),
      journal_(to),
      tell_expiry_(std::move(tell_expiry)),
      certificate_ends_at_(certificate_end(config.apns)) {}

void credential_keeper::lead(uint64_t epoch) {
  epoch_ = epoch;
  version_ = 0;
  resealed_ = false;
}

void credential_keeper::stand_down() {
  lead(0);
  tell_expiry_({});
}

result<bool> credential_keeper::follow() {
  auto version = store_.version();
  if (!version) return std::move(version).failure();
  auto elsewhere = ask_senders(now_ms());
  if (!elsewhere) return elsewhere.failure();
  if (*version == version_ && *elsewhere == elsewhere_) return false;
  if (!resealed_)
    if (auto sealed = seal_with_newest_key(); !sealed) return sealed.failure();
  auto snapshot = store_.snapshot();
  if (!snapshot) return std::move(snapshot).failure();
  // Published before anything is sent for it: a sender that does not know of a credential would skip its
  // work.
  if (auto published = publish_credentials(*snapshot, journal_, epoch_); !published)
    return published.failure();
  reachability channels;
  if (auto owner = snapshot->default_application; owner) {
    channels[owner] = configured_;
    channels[owner].insert(*elsewhere);
  }
  for (const auto& each : snapshot->active)
    channels[each.value.application].insert(channels_of(each.value));
  note_expiries(*snapshot);
  version_ = snapshot->version;
  elsewhere_ = *elsewhere;
  bool changed = channels != reachable_;
  reachable_ = std::move(channels);
  return changed;
}

result<bool> credential_keeper::poll(utc_ms now) {
  if (auto checked = check_redis(); !checked) return checked.failure();
  auto changed = follow();
  if (!changed) return changed;
  auto queues = journal_.busy_queues();
  if (!queues) return std::move(queues).failure();
  std::set<push_route> closed;
  for (const auto& name : *queues) {
    auto queue = push_queue::parse(name);
    if (!queue) continue;
    push_route route{queue->application, channel_of(queue->gateway, queue->environment)};
    auto found = reachable_.find(route.application);
    if (found == reachable_.end() || !found->second.contains(route.channel)) closed.insert(route);
  }
  auto status = journal_.credential_status();
  if (!status) return std::move(status).failure();
  if (auto text = to_text(closed); text != status->closed) {
    auto told = journal_.close_routes(epoch_, text);
    if (!told) return std::move(told).failure();
    changed = true;
  }
  watch_expiry(now);
  return changed;
}

/// Redis may have lost what was published, or have got an older version back.
result<void> credential_keeper::check_redis() {
  auto status = journal_.credential_status();
  if (!status) return std::move(status).failure();
  if (version_ != 0 && status->version != std::to_string(version_)) version_ = 0;
  return {};
}

result<channel_set> credential_keeper::ask_senders(utc_ms now) {
  auto said = journal_.configured();
  if (!said) return std::move(said).failure();
  auto found = judge_configured(*said, now);
  for (const auto& node : found.outdated)
    if (auto forgotten = journal_.forget_configured(node); !forgotten) return forgotten.failure();
  return found.channels;
}

result<void> credential_keeper::seal_with_newest_key() {
  if (!secrets_) return {};
  auto known = store_.secrets_key(secrets_->id());
  if (!known) return std::move(known).failure();
  resealed_ = true;
  if (*known == secrets_->id()) return {};
  if (!secrets_->holds(*known)) {
    log::error(
        "credentials.secrets_key_mismatch",
        {{"detail", "the cluster seals credentials with the key " + *known +
                        ", which is not in this node's secrets.key_file: every node needs the same file"}});
    return {};
  }
  auto resealed = store_.reseal(secrets_->id(), [this](const credential& each) -> std::optional<std::string> {
    auto context = seal_context_of(each);
    auto text = secrets_->open(each.sealed, context);
    auto fresh = text ? secrets_->seal(*text, context) : std::move(text);
    return fresh ? std::optional(*std::move(fresh)) : std::nullopt;
  });
  if (!resealed) return std::move(resealed).failure();
  log::info("credentials.resealed", {{"credentials", std::to_string(*resealed)}, {"key", secrets_->id()}});
  return {};
}

// -- what will expire --

void credential_keeper::note_expiries(const credential_snapshot& snapshot) {
  expiring_.clear();
  if (certificate_ends_at_ > 0)
    expiring_.push_back({"default", "apns", "of the configuration", certificate_ends_at_});
  for (const auto& each : snapshot.active)
    if (each.value.expires_at > 0)
      expiring_.push_back({each.application_name, std::string(to_string(each.value.gateway)), each.value.name,
                           each.value.expires_at});
}

void credential_keeper::watch_expiry(utc_ms now) {
  credential_expiries seconds;
  for (const auto& each : expiring_) {
    auto left = static_cast<double>(each.at - now) / 1000;
    auto [at, fresh] = seconds.emplace(std::pair(each.app, each.gateway), left);
    if (!fresh) at->second = std::min(at->second, left);
    auto passed = std::count_if(warn_before_days.begin(), warn_before_days.end(),
                                [&](auto days) { return each.at - now <= days * day_ms; });
    auto& told = warned_[each.app + "/" + each.name + "/" + std::to_string(each.at)];
    if (static_cast<size_t>(passed) <= told) continue;
    told = static_cast<size_t>(passed);
    log::warn(each.at > now ? "credential.expires" : "credential.expired",
              {{"application", each.app},
               {"gateway", each.gateway},
               {"credential", each.name},
               {"expires_at", to_rfc3339(each.at)}});
  }
  tell_expiry_(seconds);
}

}  // namespace pusher
