// APNs's provider tokens: JWTs that Apple wants used for 20 to 60 minutes by all connections of a key.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "model/result.hpp"
#include "transports/jwt.hpp"
#include "transports/sealed_text.hpp"

namespace pusher {

struct provider_token {
  std::string value;
  int64_t issued_at = 0;    ///< seconds since the epoch
  uint64_t generation = 0;  ///< 1 for the first in this process, growing
};

/// Where the processes of a cluster keep what they share. Implemented by the node.
class shared_values {
 public:
  virtual ~shared_values() = default;
  /// Nothing when there is none.
  virtual result<std::optional<std::string>> load(const std::string& name) = 0;
  /// Replaces the value if it still is `expected` (nothing = absent). Whether it did.
  virtual result<bool> replace(const std::string& name, const std::optional<std::string>& expected,
                               const std::string& value) = 0;
};

/// What this process used last, whoever used it. Keepers come and go with the actors that own them: whoever
/// is made after the shared store was emptied, too, goes on with the token that Apple knows. Thread-safe.
class provider_token_memory {
 public:
  void keep(const std::string& name, std::shared_ptr<const provider_token> token);
  /// Null when there is none that is still usable; `now` in seconds.
  std::shared_ptr<const provider_token> find(const std::string& name, int64_t now) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const provider_token>> tokens_;
};

/// Keeps one token for a key, the same in all processes that have that key: it lies in the shared store,
/// sealed by a secret that only the key's holders can derive. Thread-safe.
class provider_token_keeper {
 public:
  provider_token_keeper(ec_key key, std::string key_id, std::string team_id);

  /// Takes over what others minted, offers what the store has lost, and mints when it is time: at 45 minutes
  /// of age, or after a refusal, but never within 20 minutes of the last. To be called about once a second.
  /// `now` in seconds. Errors: the store's; the token in use stays.
  result<void> synchronize(shared_values& store, int64_t now);
  /// Begins with what the process used last, and keeps there what is used from now on. The memory outlives
  /// the keeper.
  void remember_in(provider_token_memory& memory, int64_t now);
  /// APNs called the token of that generation expired.
  void refused(uint64_t generation);
  /// Null before the first; it may be too old to use, see usable().
  std::shared_ptr<const provider_token> token() const;

  static bool usable(const provider_token& token, int64_t now) { return now < token.issued_at + longest_use; }
  static constexpr int64_t renewal_age = 45 * 60;
  static constexpr int64_t shortest_age = 20 * 60;
  static constexpr int64_t longest_use = 58 * 60;  ///< Apple refuses from 60 minutes on

 private:
  result<provider_token> mint(int64_t now) const;
  std::optional<provider_token> read(const std::optional<std::string>& stored) const;
  std::string written(const provider_token& token) const;
  void use(provider_token token);

  const ec_key key_;
  const std::string key_id_;
  const std::string team_id_;
  const seal_key seal_key_;
  const std::string name_;  ///< of the shared value

  mutable std::mutex mutex_;
  std::shared_ptr<const provider_token> token_;
  uint64_t refused_generation_ = 0;
  provider_token_memory* memory_ = nullptr;
};

}  // namespace pusher
