// The part of the API that speaks of credentials.
#include <algorithm>

#include "actors/api_operations.hpp"
#include "actors/configured_channels.hpp"
#include "actors/credential_index.hpp"
#include "actors/credential_publisher.hpp"
#include "actors/journal_values.hpp"
#include "actors/log.hpp"
#include "actors/sender_transports.hpp"
#include "transports/base64url.hpp"
#include "transports/credential_check.hpp"

namespace pusher {

namespace {

constexpr auto patience = std::chrono::seconds(10);  // for a gateway that is asked about a credential
constexpr auto channel_memory = std::chrono::seconds(1);
constexpr size_t most_remembered_applications = 1000;

/// PKCS #12 comes as base64, with or without line ends.
result<void> decode_certificate(std::string& certificate) {
  if (certificate.empty() || certificate.find("-----BEGIN") != std::string::npos) return {};
  std::string packed;
  for (char c : certificate)
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') packed += c;
  auto bytes = from_base64url(packed);
  if (!bytes)
    return error{errc::invalid_field, "This is PEM, or base64 of a PKCS #12 file.", "/certificate", 0};
  certificate = *std::move(bytes);
  return {};
}

std::vector<channel> channels_in_order(const credential& which) {
  std::vector<channel> found;
  for (auto where : {environment::production, environment::sandbox})
    if (which.serves(where))
      if (auto to = channel_of(which.gateway, where); found.empty() || found.back() != to)
        found.push_back(to);
  return found;
}

/// Where a gateway has no second address, there is no second environment.
result<void> settle_environments(const settings& config, http::credential_draft& draft) {
  if (draft.content.gateway != gateway::apns || !draft.sandbox || !config.apns.sandbox_url().empty())
    return {};
  if (draft.environments_given)
    return error{errc::invalid_field,
                 "This installation has no address of APNs's sandbox (apns.sandbox_base_url).",
                 "/environments", 0};
  draft.sandbox = false;
  return {};
}

}  // namespace

result<channel_set> api_operations::remembered_channels_of(application_id app) {
  auto now = std::chrono::steady_clock::now();
  auto known = remembered_channels_.find(app);
  if (known != remembered_channels_.end() && now < known->second.second) return known->second.first;
  auto channels = channels_of(app);
  if (!channels) return channels;
  if (remembered_channels_.size() >= most_remembered_applications) remembered_channels_.clear();
  remembered_channels_[app] = {*channels, now + channel_memory};
  return channels;
}

result<channel_set> api_operations::channels_of(application_id app) {
  auto active = credentials_.active_of(app);
  if (!active) return active.failure();
  channel_set channels;
  for (const auto& each : *active)
    channels.insert(pusher::channels_of(each));
  auto owner = credentials_.default_application();
  if (!owner) return owner.failure();
  if (app != *owner) return channels;
  channels.insert(configured_channels(node_->config));
  // What senders elsewhere are configured for. Without Redis it is not known, and nothing is launched anyway.
  if (!node_->board.ok(check_redis)) return channels;
  if (auto said = journal_.configured()) channels.insert(judge_configured(*said, now_ms()).channels);
  return channels;
}

/// The cluster seals with one key: a node with another would make credentials that nobody can use.
result<void> api_operations::check_secrets_key() {
  auto known = credentials_.secrets_key(node_->secrets->id());
  if (!known) return known.failure();
  if (node_->secrets->holds(*known)) return {};
  return error{errc::secrets_key_mismatch,
               "The cluster seals credentials with the key " + *known +
                   ", and this node's secrets.key_file has " + node_->secrets->id() +
                   ": give every node the same file.",
               "", 60};
}

/// Asks the gateway for each environment that the credential is for.
result<void> api_operations::ask_gateway(const credential& which, const credential_content& content) {
  auto tokens = make_provider_tokens(content);
  if (!tokens) return tokens.failure();
  if (*tokens) {
    journal_values shared(journal_);
    if (auto done = (*tokens)->synchronize(shared, now_ms() / 1000); !done) return done;
  }
  for (auto to : channels_in_order(which)) {
    auto checked = check_credential(content, to, node_->config, *tokens, patience);
    if (checked) continue;
    auto why = checked.failure();
    if (why.code == errc::credential_refused && which.production && which.sandbox &&
        which.gateway == gateway::apns)
      why.detail += to == channel::apns ? " (asked for production)" : " (asked for the sandbox)";
    return why;
  }
  return {};
}

result<credential_content> api_operations::open_credential(const credential& which) {
  auto text = node_->secrets->open(which.sealed, seal_context_of(which));
  if (!text) return text.failure();
  return parse_credential_content(*text);
}

/// What changed reaches the senders; when Redis is away, the leader does it later.
void api_operations::publish_credentials() {
  remembered_channels_.clear();
  auto snapshot = credentials_.snapshot();
  auto published = snapshot ? pusher::publish_credentials(*snapshot, journal_, 0) : snapshot.failure();
  if (!published) log::warn("api.credentials_not_published", {{"detail", published.failure().detail}});
  launched_();
}

result<http::shown_credential> api_operations::show(application_id app, credential value) {
  auto active = credentials_.active_of(app);
  if (!active) return active.failure();
  http::shown_credential made;
  channel_set taken;
  for (const auto& each : *active) {
    if (each.gateway != value.gateway) continue;
    for (auto to : channels_in_order(each))
      if (each.key == value.key && !taken.contains(to)) made.in_use = true;
    taken.insert(pusher::channels_of(each));
  }
  if (auto told = journal_.troubles({value.id})) made.trouble = told->front();
  constexpr utc_ms day_ms = 24 * 3600 * 1000;
  if (value.expires_at > 0) made.expires_in_days = (value.expires_at - now_ms()) / day_ms;
  made.value = std::move(value);
  return made;
}

result<http::shown_credential> api_operations::create_credential(application_id app,
                                                                 const http::credential_draft& given) {
  auto draft = given;
  if (auto decoded = decode_certificate(draft.content.certificate); !decoded) return decoded.failure();
  if (auto settled = settle_environments(node_->config, draft); !settled) return settled.failure();
  auto facts = examine(draft.content, node_->config);
  if (!facts) return facts.failure();
  if (auto same = check_secrets_key(); !same) return same.failure();
  credential fresh;
  fresh.id = make_uuid_v7();
  fresh.application = app;
  fresh.name = draft.name;
  fresh.gateway = draft.content.gateway;
  fresh.production = draft.production;
  fresh.sandbox = draft.sandbox;
  fresh.facts = facts->json;
  fresh.expires_at = facts->expires_at;
  if (draft.activate) {
    if (auto taken = ask_gateway(fresh, draft.content); !taken) return taken.failure();
    fresh.active = true;
    fresh.verified_at = now_ms();
  }
  auto sealed = node_->secrets->seal(to_text(draft.content), seal_context_of(fresh));
  if (!sealed) return sealed.failure();
  fresh.sealed = *std::move(sealed);
  auto stored = credentials_.create(fresh);
  if (!stored) return stored.failure();
  if (stored->active) publish_credentials();
  return show(app, *std::move(stored));
}

result<std::vector<http::shown_credential>> api_operations::list_credentials(application_id app) {
  auto found = credentials_.list(app);
  if (!found) return found.failure();
  std::vector<http::shown_credential> all;
  for (auto& each : *found) {
    auto made = show(app, std::move(each));
    if (!made) return made.failure();
    all.push_back(*std::move(made));
  }
  return all;
}

result<http::shown_credential> api_operations::get_credential(application_id app, const std::string& id) {
  auto found = credentials_.get(app, id);
  if (!found) return found.failure();
  return show(app, *std::move(found));
}

result<credential> api_operations::verify(application_id app, const std::string& id) {
  auto found = credentials_.get(app, id);
  if (!found) return found.failure();
  auto content = open_credential(*found);
  if (!content) return content.failure();
  auto facts = examine(*content, node_->config);
  auto taken = facts ? ask_gateway(*found, *content) : result<void>(facts.failure());
  // That a gateway does not answer says nothing about the credential.
  bool decided = taken || taken.failure().code == errc::credential_refused ||
                 taken.failure().code == errc::invalid_field;
  if (!decided) return taken.failure();
  auto noted = credentials_.note_verification(app, id, taken ? "" : taken.failure().detail);
  if (!noted) return noted.failure();
  if (taken) return noted;
  auto why = taken.failure();
  if (why.code == errc::invalid_field) return error{errc::credential_refused, why.detail, "", 0};
  return why;
}

result<http::shown_credential> api_operations::verify_credential(application_id app, const std::string& id) {
  auto verified = verify(app, id);
  if (!verified) return verified.failure();
  return show(app, *std::move(verified));
}

result<http::shown_credential> api_operations::change_credential(application_id app, const std::string& id,
                                                                 const http::credential_change& change) {
  auto current = credentials_.get(app, id);
  if (!current) return current.failure();
  if (change.active.value_or(false))
    if (auto verified = verify(app, id); !verified) return verified.failure();
  if (change.name) {
    current = credentials_.rename(app, id, *change.name);
    if (!current) return current.failure();
  }
  if (change.active) {
    current = credentials_.set_active(app, id, *change.active);
    if (!current) return current.failure();
    forget_trouble(id);
    publish_credentials();
  }
  return show(app, *std::move(current));
}

result<void> api_operations::delete_credential(application_id app, const std::string& id) {
  if (auto erased = credentials_.erase(app, id); !erased) return erased;
  forget_trouble(id);
  publish_credentials();
  return {};
}

/// What senders said of it was of what it was before.
void api_operations::forget_trouble(const std::string& id) {
  if (auto told = journal_.tell_trouble(id, ""); !told)
    log::warn("api.trouble_not_forgotten", {{"detail", told.failure().detail}});
}

}  // namespace pusher
