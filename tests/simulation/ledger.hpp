// What the simulation knows by itself: what left for the gateway, what entered the journal, what clients were
// told. It is compared with what must hold (guarantees.md): see each check.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/ids.hpp"
#include "model/notification.hpp"
#include "tests/stores/memory_redis.hpp"
#include "tests/stores/memory_rows.hpp"
#include "transports/transport.hpp"

namespace pusher::testing {

class ledger {
 public:
  using clock = std::function<utc_ms()>;
  explicit ledger(clock now) : now_(std::move(now)) {}

  // -- what happens --
  /// A command that Redis has performed, and its reply.
  void performed(const redis_arguments& command, const redis_reply& reply);
  void pushed(notification_key notification, device_key device, const std::string& process,
              verdict_kind comes_to, bool may_repeat, utc_ms expires_at);
  void answered(notification_key notification, device_key device, verdict_kind what);
  /// From now on what so many senders of the process have open or not recorded may be sent again by another.
  void sender_endangered(const std::string& process, unsigned senders = 1);
  /// A target is a dead letter though it kills nobody (G16).
  void died_innocent(notification_key notification, device_key device) {
    violated({notification, device}, "it died with the poison");
  }
  void told_canceled(notification_key notification);
  void state_changed(const memory_rows::row& now, notification_state before);

  // -- what must hold --
  /// At any time: nothing that was appended is lost, and what Redis counts is there (G24).
  void check_journal(const memory_redis& redis);
  /// When all is settled (G3, G4, G5, G8).
  void check_end(const memory_rows& rows);

  void violated(const std::string& what);
  const std::string& violation() const { return violation_; }
  uint64_t pushes() const { return pushes_; }
  uint64_t repeated() const { return repeated_; }

 private:
  using target = std::pair<notification_key, device_key>;
  struct target_history {
    unsigned appended = 0, pushes = 0;
    bool settled = false;  ///< the last push came to something that ends it
    std::vector<std::string> events;
  };
  void note(target of, const std::string& what);
  void violated(target of, const std::string& what);
  void led_in(uint64_t epoch, const std::string& script);
  void appended(notification_key notification, const std::string& queue, const std::string& payload);
  void check_device(const memory_rows& rows, const memory_rows::row& of, device_key device, bool wanted);

  clock now_;
  std::map<target, target_history> targets_;
  std::map<std::string, unsigned> endangered_;                              ///< how often, by process
  std::map<notification_key, bool> canceled_;                               ///< whose client knows
  std::map<std::pair<notification_key, std::string>, unsigned> after_end_;  ///< pushes after that, by process
  uint64_t highest_epoch_ = 0, pushes_ = 0, repeated_ = 0;
  std::string violation_;
};

}  // namespace pusher::testing
