// What the HTTP side may ask of webhooks; a part of http/operations.hpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/paging.hpp"
#include "model/result.hpp"
#include "model/webhook.hpp"

namespace pusher::http {

struct described_webhook {
  webhook value;
  std::string cursor;  ///< its place in the feed, as the feed's cursors are
};

/// A webhook with its new secret, which is shown this once.
struct webhook_with_secret {
  described_webhook made;
  std::string secret;
};

/// Where to deliver from: exactly one.
struct webhook_start {
  std::optional<std::string> cursor;  ///< as the feed and deliveries give it
  std::optional<utc_ms> since;
};

class webhook_operations {
 public:
  virtual ~webhook_operations() = default;

  /// Errors: invalid_field (at /url: it leads where it must not), conflict (too many).
  virtual result<webhook_with_secret> create_webhook(application_id app, const webhook_options& options) = 0;
  virtual result<described_webhook> get_webhook(application_id app, const std::string& id) = 0;
  virtual result<page<described_webhook>> list_webhooks(application_id app, const page_request& request) = 0;
  /// An error of `change` is returned and stores nothing.
  virtual result<described_webhook> change_webhook(
      application_id app, const std::string& id,
      const std::function<result<void>(webhook_options&)>& change) = 0;
  virtual result<void> delete_webhook(application_id app, const std::string& id) = 0;
  virtual result<webhook_with_secret> rotate_webhook_secret(application_id app, const std::string& id) = 0;
  /// Sends a ping and waits for what the receiver says. Errors: rate_limited (another is being tested).
  virtual result<webhook_attempt> test_webhook(application_id app, const std::string& id) = 0;
  /// Errors: invalid_cursor, cursor_expired.
  virtual result<described_webhook> replay_webhook(application_id app, const std::string& id,
                                                   const webhook_start& from) = 0;
  virtual result<page<webhook_attempt>> list_webhook_attempts(application_id app, const std::string& id,
                                                              const page_request& request) = 0;
};

}  // namespace pusher::http
