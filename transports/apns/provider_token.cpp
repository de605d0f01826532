#include "transports/apns/provider_token.hpp"

#include <charconv>

namespace pusher {

namespace {

/// Clocks of a cluster may differ by so much.
constexpr int64_t clock_skew = 60;

}  // namespace

void provider_token_memory::keep(const std::string& name, std::shared_ptr<const provider_token> token) {
  std::lock_guard lock(mutex_);
  auto oldest = token->issued_at - provider_token_keeper::longest_use;
  for (auto at = tokens_.begin(); at != tokens_.end();)
    at = at->second->issued_at < oldest ? tokens_.erase(at) : std::next(at);
  tokens_[name] = std::move(token);
}

std::shared_ptr<const provider_token> provider_token_memory::find(const std::string& name,
                                                                  int64_t now) const {
  std::lock_guard lock(mutex_);
  auto found = tokens_.find(name);
  return found != tokens_.end() && provider_token_keeper::usable(*found->second, now) ? found->second
                                                                                      : nullptr;
}

provider_token_keeper::provider_token_keeper(ec_key key, std::string key_id, std::string team_id)
    : key_(std::move(key)),
      key_id_(std::move(key_id)),
      team_id_(std::move(team_id)),
      seal_key_(key_.derive_secret("pusher provider token " + key_id_ + " " + team_id_)),
      // Who claims the same ids with another key must not take the place of the one that works.
      name_("apns-token:" + team_id_ + ":" + key_id_ + ":" + key_.fingerprint().substr(0, 16)) {}

result<void> provider_token_keeper::synchronize(shared_values& store, int64_t now) {
  auto stored = store.load(name_);
  if (!stored) return std::move(stored).failure();
  auto theirs = read(*stored);
  auto ours = token();
  if (theirs && theirs->issued_at > now + clock_skew) theirs.reset();  // from a clock that was wrong
  if (theirs && (!ours || theirs->value != ours->value) && (!ours || theirs->issued_at >= ours->issued_at)) {
    use(*theirs);
    ours = token();
  }
  bool refused = false;
  {
    std::lock_guard lock(mutex_);
    refused = ours && refused_generation_ == ours->generation;
  }
  int64_t age = ours ? now - ours->issued_at : renewal_age;
  if (age < shortest_age || (age < renewal_age && !refused)) {
    // The store lost it, e.g. with all its data: before anyone mints, the token in use is offered again.
    if (!theirs)
      if (auto offered = store.replace(name_, *stored, written(*ours)); !offered)
        return std::move(offered).failure();
    return {};
  }
  auto fresh = mint(now);
  if (!fresh) return std::move(fresh).failure();
  auto ours_now = store.replace(name_, *stored, written(*fresh));
  if (!ours_now) return std::move(ours_now).failure();
  // Somebody else was faster: the next look finds theirs. Two tokens would earn TooManyProviderTokenUpdates.
  if (*ours_now) use(*std::move(fresh));
  return {};
}

void provider_token_keeper::remember_in(provider_token_memory& memory, int64_t now) {
  std::lock_guard lock(mutex_);
  memory_ = &memory;
  if (!token_) token_ = memory.find(name_, now);
}

void provider_token_keeper::refused(uint64_t generation) {
  std::lock_guard lock(mutex_);
  refused_generation_ = generation;
}

std::shared_ptr<const provider_token> provider_token_keeper::token() const {
  std::lock_guard lock(mutex_);
  return token_;
}

void provider_token_keeper::use(provider_token token) {
  std::lock_guard lock(mutex_);
  token.generation = token_ ? token_->generation + 1 : 1;
  token_ = std::make_shared<const provider_token>(std::move(token));
  if (memory_) memory_->keep(name_, token_);
}

result<provider_token> provider_token_keeper::mint(int64_t now) const {
  auto value = key_.sign_jwt(R"({"alg":"ES256","kid":")" + key_id_ + R"("})",
                             R"({"iss":")" + team_id_ + R"(","iat":)" + std::to_string(now) + "}");
  if (!value) return std::move(value).failure();
  return provider_token{*std::move(value), now, 0};
}

std::string provider_token_keeper::written(const provider_token& token) const {
  return seal(seal_key_, std::to_string(token.issued_at) + " " + token.value);
}

std::optional<provider_token> provider_token_keeper::read(const std::optional<std::string>& stored) const {
  auto text = stored ? unseal(seal_key_, *stored) : std::nullopt;
  if (!text) return std::nullopt;
  provider_token token;
  const char* end = text->data() + text->size();
  auto [stop, fault] = std::from_chars(static_cast<const char*>(text->data()), end, token.issued_at);
  if (fault != std::errc() || stop == end || *stop != ' ') return std::nullopt;
  token.value.assign(stop + 1, end);
  return token;
}

}  // namespace pusher
