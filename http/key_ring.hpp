// What a node remembers of API keys: who holds them, how fast they may ask, and who tried wrong ones.
//
// A key is remembered only after a store has vouched for it, and trusted only until `trust` ends: a keeper
// (actors/key_keeper.hpp) asks the stores again and again whether anything has changed, and each answer
// prolongs the trust a little. So a request costs a lookup in memory, and a revoked key ends everywhere
// within the trust.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/operations.hpp"
#include "http/rate_meter.hpp"
#include "http/wrong_keys.hpp"
#include "model/access.hpp"
#include "model/device.hpp"

namespace pusher::http {

/// A key that a store has vouched for.
struct known_key {
  principal who;
  api_key_id key;
  std::optional<uint32_t> requests_per_second;  ///< its own limit
  std::chrono::milliseconds lives_for{0};       ///< until it expires; 0 = for ever
};

/// Thread-safe; no call blocks for longer than a lookup takes.
class key_ring {
 public:
  using clock = std::chrono::steady_clock;

  struct bounds {
    uint32_t requests_per_second = 0;  ///< of a key without a limit of its own; 0 = no limit
    uint32_t wrong_keys_per_second = 0;
    size_t most_keys = 10'000;  ///< remembered at a time
    std::chrono::milliseconds trust{250};
    std::chrono::milliseconds fresh{30};  ///< how old a list of live keys may be to call a key wrong by it
  };
  explicit key_ring(bounds of) : bounds_(of), wrong_(of.wrong_keys_per_second) {}

  // -- for the gate: before anything is done for a request --

  enum class verdict : uint8_t {
    known,      ///< a key that was good when it was last looked at
    unknown,    ///< to be asked of the stores
    throttled,  ///< unknown, and its address has tried too many
    limited     ///< known, and too fast
  };
  struct admission {
    verdict is = verdict::unknown;
    uint64_t key = 0;                  ///< its id; 0 = not known
    std::optional<rate_reading> rate;  ///< of a key with a limit
    uint32_t retry_after_seconds = 0;
  };
  /// `counts`: whether the request is one of its own, and not a later part of one.
  admission admit(std::string_view key, const std::string& address, bool counts, clock::time_point now);
  /// Charges a request that was admitted as unknown, if the key has turned out to be good.
  std::optional<rate_reading> charge(std::string_view key, clock::time_point now);

  // -- for the api actors --

  /// Who holds the key, as long as that can be trusted without asking.
  std::optional<principal> find(std::string_view key, clock::time_point now);
  /// What the ring knows may change from now on; a key that was read before is not remembered then.
  uint64_t generation() const;
  /// Remembers what a store said; `generation` is from before it was asked.
  void remember(std::string_view key, const known_key& value, uint64_t generation, clock::time_point now);
  void forget(std::string_view key);
  /// Trusts nothing that was remembered so far.
  void distrust();

  // -- for the keeper --

  /// Nothing had changed when the stores were asked at that time.
  void unchanged(clock::time_point asked_at);
  /// Which keys there are, by the first eight bytes of their hashes: asking for one of these is no wrong try,
  /// even before it is remembered.
  void know_live(const std::vector<uint64_t>& hashes);
  /// Whether anyone has asked since the last call.
  bool take_asked();
  /// Keys in use that were not told of within `interval`.
  std::vector<api_key_id> take_used(std::chrono::milliseconds interval, clock::time_point now);

  size_t size() const;

 private:
  struct entry {
    known_key value;
    uint64_t generation = 0;
    clock::time_point expires = clock::time_point::max();
    clock::time_point last_asked;
    std::optional<clock::time_point> told_at;  ///< when the store was told of its use
    bool used = false;
    rate_meter meter;
  };
  struct digest_hash {
    size_t operator()(const sha256_digest& digest) const;
  };

  uint32_t limit_of(const entry& of) const {
    return of.value.requests_per_second.value_or(bounds_.requests_per_second);
  }
  void make_room();

  const bounds bounds_;
  mutable std::mutex mutex_;
  std::unordered_map<sha256_digest, entry, digest_hash> keys_;
  std::unordered_set<uint64_t> live_;
  wrong_keys wrong_;
  uint64_t generation_ = 1;
  clock::time_point trusted_until_;
  clock::time_point checked_at_;
  bool asked_ = false;
};

}  // namespace pusher::http
