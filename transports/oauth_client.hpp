// Keeps an OAuth access token fresh for one credential, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "model/result.hpp"
#include "transports/back_off.hpp"
#include "transports/transport.hpp"

namespace pusher {

struct access_token {
  std::string value;
  uint64_t generation = 0;                     ///< 1 for the first, growing
  std::chrono::steady_clock::time_point born;  ///< when it was asked for
  std::chrono::steady_clock::time_point expires;
};

/// Where a token comes from, and for what.
struct token_grant {
  std::string url;
  std::function<result<std::string>()> form;  ///< the body of the request, percent-encoded
};

/// Mints one token at a time: at the start, at 85 % of a token's life, and when the gateway refused the one
/// in use, but for that reason at most every 10 s. Failed attempts are repeated after 1 s to 60 s.
/// Thread-safe.
class oauth_client {
 public:
  /// `changed` is called on the client's thread after each attempt. `ca_file` empty = the system's
  /// authorities.
  oauth_client(token_grant grant, std::string ca_file, std::function<void()> changed);
  /// Abandons an attempt under way.
  ~oauth_client();
  oauth_client(const oauth_client&) = delete;
  oauth_client& operator=(const oauth_client&) = delete;

  /// The token in use; nothing before the first one. It may have expired.
  std::shared_ptr<const access_token> token() const;
  /// Of the token in use.
  std::optional<token_life> life() const;
  /// The gateway refused the token of that generation: mint another, unless there is one already.
  void refused(uint64_t generation);
  /// Why there is no fresh token, in one sentence without secrets; empty when there is.
  std::string trouble() const;
  /// Whether the last attempt was refused: our account, key or secret is not taken.
  bool refused_by_issuer() const;

 private:
  using time_point = std::chrono::steady_clock::time_point;
  struct minted {
    std::string value;
    std::chrono::seconds lifetime{0};
  };

  void run();
  void attempt();
  result<minted> mint();

  const token_grant grant_;
  const std::string ca_file_;
  const std::function<void()> changed_;
  void* transfers_;  ///< curl's multi handle; woken to end an attempt

  mutable std::mutex mutex_;
  std::condition_variable due_;
  std::shared_ptr<const access_token> token_;
  std::string trouble_;
  time_point next_attempt_;
  time_point next_after_refusal_;
  bool failing_ = false;
  bool refused_by_issuer_ = false;
  bool stopping_ = false;
  back_off waits_{std::chrono::seconds(1), std::chrono::seconds(60)};
  std::thread thread_;
};

}  // namespace pusher
