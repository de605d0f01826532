// What the HTTP side may ask for those who watch over sending: how the gateways' clients fare, and which jobs
// were given up. A part of http/operations.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/paging.hpp"
#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// One credential of the application at one gateway, summed over all senders that answer.
struct gateway_state {
  std::string gateway;      ///< as in devices
  std::string environment;  ///< of APNs; else empty
  std::string credential;   ///< its id; `configuration` = that of the nodes' settings
  uint64_t senders = 0, requests = 0, in_flight = 0, queued = 0, connections = 0, breakers_open = 0;
  uint64_t quota_per_minute = 0;  ///< of the whole cluster; 0 = none
  bool refused = false;           ///< nobody gets through with the credential
  utc_ms expires_at = 0;          ///< 0 = never, or not known
  std::vector<std::string> troubles;
};

struct gateway_states {
  std::vector<gateway_state> items;
  uint64_t missing = 0;  ///< senders of which nothing is known: their node or they did not answer in time
};

/// Nodes that were asked; any thread may look.
class gateway_look {
 public:
  virtual ~gateway_look() = default;
  virtual bool ready() const = 0;
  /// What came. Errors: timed_out.
  virtual result<gateway_states> found() const = 0;
};

/// A job that was given up, as its application sees it.
struct dead_letter_facts {
  std::string id;
  std::optional<pusher::gateway> gateway;  ///< none = results that could not be recorded
  std::optional<pusher::environment> environment;
  std::optional<pusher::lane> lane;
  std::string notification_id;  ///< empty = it cannot be read, or the notification was deleted
  bool readable = true;
  uint64_t targets = 0;  ///< without a result
  uint64_t settled = 0;  ///< with one
  std::string reason;
  std::string owner;  ///< who held it last
  utc_ms buried_at = 0;
};

enum class dead_letter_decision : uint8_t { requeue, drop };

class supervision_operations {
 public:
  virtual ~supervision_operations() = default;

  /// Asks every node, and does not wait.
  virtual std::shared_ptr<gateway_look> look_at_gateways(application_id app) = 0;

  /// The oldest first. A page may be short and not the last. `operates`: also those that cannot be read so
  /// far that one could tell whose they are.
  virtual result<page<dead_letter_facts>> list_dead_letters(application_id app, bool operates,
                                                            const page_request& request) = 0;
  /// What it was. Errors: not_found, also when somebody else has decided; conflict when it cannot be read and
  /// so not be requeued.
  virtual result<dead_letter_facts> decide_dead_letter(application_id app, bool operates,
                                                       const std::string& id, dead_letter_decision as) = 0;
};

}  // namespace pusher::http
