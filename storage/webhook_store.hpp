// Webhooks and how far each has been delivered.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/result.hpp"
#include "model/webhook.hpp"
#include "storage/database.hpp"

namespace pusher {

/// What clients do with webhooks. Errors beside the stores' own: not_found.
class webhook_store {
 public:
  explicit webhook_store(database& db) : db_(db) {}

  /// Under this public id; delivers what comes behind `from`. Errors: conflict, when the application has
  /// `most` already.
  result<webhook> create(application_id app, const std::string& id, const webhook_options& options,
                         const std::string& sealed_secret, const feed_position& from, size_t most);
  result<webhook> get(application_id app, const std::string& id);
  /// In the order of their creation, behind `after`.
  result<std::vector<webhook>> list(application_id app, webhook_key after, size_t limit);
  /// Reads, lets `change` edit the options, and writes. What waits for its next try is tried at once.
  /// Enabling goes on where delivering had stopped.
  result<webhook> update(application_id app, const std::string& id,
                         const std::function<result<void>(webhook_options&)>& change);
  result<void> erase(application_id app, const std::string& id);
  /// The present secret goes on signing beside the new one for so long.
  result<webhook> rotate(application_id app, const std::string& id, const std::string& sealed_secret,
                         uint32_t overlap_seconds);
  /// Delivers again what comes behind `from`, or leaves out what lies before it.
  result<webhook> replay(application_id app, const std::string& id, const feed_position& from);

  /// The secrets that sign now, the newest first.
  result<std::vector<std::string>> sealed_secrets(application_id app, const std::string& id);
  /// Notes a request that delivering did not make.
  result<void> add_attempt(webhook_key key, const webhook_attempt& made, size_t kept);
  /// The latest first, from before the one of this number; 0 = from the latest.
  result<std::vector<webhook_attempt>> attempts(application_id app, const std::string& id, uint64_t before,
                                                size_t limit);

 private:
  result<webhook> change_row(application_id app, const std::string& id,
                             const std::function<result<void>(database::connection&, const webhook&)>& write);
  database& db_;
};

/// What the one deliverer reads and records. Each write checks that the epoch still leads (else: fenced) and
/// that no client has changed the webhook since it was read; if one has, it does nothing and answers false.
class webhook_progress_store {
 public:
  webhook_progress_store(database& db, size_t kept_attempts) : db_(db), kept_attempts_(kept_attempts) {}

  struct version {
    webhook_key key;
    uint64_t generation = 0;
  };
  struct at_work {
    version of;
    uint64_t head = 0;  ///< the number of the last row in its application's feed
  };
  /// All that are enabled, in order of keys.
  result<std::vector<at_work>> enabled();
  /// Nothing when it is not enabled any more.
  result<std::optional<webhook_job>> load(webhook_key key);

  /// Fixes the end of the next batch, so that every try of it is the same.
  result<bool> begin_batch(uint64_t epoch, const version& of, const feed_position& end);
  /// Everything before `cursor` was delivered or is not wanted. With the request that did it, if there was
  /// one.
  result<bool> advance(uint64_t epoch, const version& of, const feed_position& cursor,
                       const webhook_attempt* taken);
  /// The batch was not taken: another try after the wait, or none, in the state that it then has.
  struct consequence {
    webhook_state state = webhook_state::enabled;
    int64_t wait_ms = 0;
  };
  result<bool> failed(uint64_t epoch, const version& of, const webhook_attempt& attempt,
                      const consequence& then);

 private:
  database& db_;
  const size_t kept_attempts_;
};

}  // namespace pusher
