// Whose turn it is among webhooks. Without I/O and clock: one request at a time for each, everyone in turn,
// so that none that fails or has much to deliver holds up the others.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "model/clock.hpp"
#include "storage/webhook_store.hpp"

namespace pusher {

class webhook_schedule {
 public:
  /// What was found out about a webhook of this generation while nothing could be sent yet.
  struct memory {
    uint64_t generation = 0;
    feed_position looked_to;  ///< nothing that is wanted lies before it, from the cursor on
    utc_ms gathering_since = 0;
    utc_ms noted_at = 0;  ///< when looked_to was recorded last
  };

  explicit webhook_schedule(size_t most_requests) : most_requests_(most_requests) {}

  /// We do not lead any more, or anew.
  void clear();
  /// All that are enabled now: those that are new, changed, or have something new in their feed get their
  /// turn.
  void refresh(const std::vector<webhook_progress_store::at_work>& all);
  /// The webhook whose turn it is to be looked at, or nothing. Exactly one of the calls below says what came
  /// of the look.
  std::optional<webhook_key> next(utc_ms now);
  /// When next() may have something without a refresh; 0 = not known.
  utc_ms until() const;

  /// Nothing is to be delivered up to the head that refresh() told.
  void idle(webhook_key key);
  /// Some events wait for others, but not beyond that time.
  void gather(webhook_key key, utc_ms until);
  /// The batch is tried again then, whatever else happens.
  void wait(webhook_key key, utc_ms until);
  /// There is more to do after the others' turns; also after a request's answer.
  void again(webhook_key key);
  void sent(webhook_key key);
  /// It is not enabled any more.
  void gone(webhook_key key);

  memory& remembered(webhook_key key) { return entries_[key].kept; }
  size_t requests() const { return requests_; }
  /// How many wait for another try.
  size_t waiting() const;

 private:
  enum class phase : uint8_t { ready, looked_at, idle, gathering, waiting, sending };
  struct entry {
    uint64_t generation = 0;
    uint64_t head = 0, head_at_look = 0;
    phase now = phase::idle;
    utc_ms until = 0;
    memory kept;
  };

  void make_ready(webhook_key key, entry& of);
  void set(webhook_key key, phase next, utc_ms until = 0);

  const size_t most_requests_;
  size_t requests_ = 0;
  std::map<webhook_key, entry> entries_;
  std::deque<webhook_key> ready_;  ///< may name some twice, or some that are gone
};

}  // namespace pusher
