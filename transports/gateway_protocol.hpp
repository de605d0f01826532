// What is particular to a gateway: how a push is worded, and what its answers say. Everything else of sending
// (streams, rates, waiting, giving up) is gateway_sender.hpp's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transports/event_loop.hpp"
#include "transports/h2_exchange.hpp"
#include "transports/lane_queue.hpp"
#include "transports/verdict_table.hpp"

namespace pusher {

/// A request and whose it is. Reused, so that its strings and vectors keep their memory.
struct push_request : h2::exchange {
  std::vector<open_target> targets;  ///< all of one order
  std::shared_ptr<const rendered_content> rendered;
  std::string scratch;      ///< memory for what the payload points to
  std::string filled;       ///< likewise
  uint64_t generation = 0;  ///< of the credential that it carried
  bool probe = false;
  bool traced = false;  ///< its own fields end with a traceparent

  const message& content() const { return *targets.front().of->order.content; }
};

/// What an answer says, in the terms of the gateway's verdict table.
struct answer_reading {
  std::string code;    ///< the gateway's error code; empty = it has none
  std::string detail;  ///< see answer_rule
  std::string message_id;
  std::string replacement_token;  ///< the token that stands for this device from now on; empty = the same
  utc_ms unregistered_at = 0;
  /// Answers to many targets at once that differ: one reading for each target. Else empty.
  std::vector<answer_reading> parts;
};

/// Lives on its transport's loop.
class gateway_protocol {
 public:
  virtual ~gateway_protocol() = default;

  virtual const verdict_table& table() const = 0;

  /// Looks after the credential and says which one is in use: a number that grows with each, 0 = none yet.
  virtual uint64_t credential(steady_time now) = 0;
  /// The gateway refused the credential of that generation as stale.
  virtual void credential_refused(uint64_t generation) = 0;
  /// Why there is no good credential, in one sentence without secrets; empty when there is.
  virtual std::string credential_trouble() const = 0;
  /// Whether that is because whoever gives out access tokens refuses us.
  virtual bool refused_by_issuer() const { return false; }

  /// Of the token in use, where requests carry one that ends by itself.
  virtual std::optional<token_life> token(steady_time) const { return std::nullopt; }

  /// Whether a 401 or 403 that refuses the credential says nothing of the push, which then waits. Push
  /// services of Web Push say the same of a subscription that was made with another key.
  virtual bool refusals_spare_the_push() const { return true; }

  /// Most targets of one request for such content.
  virtual size_t targets_per_request(const message&) const { return 1; }
  /// Whether this one, such as a topic, takes a request of its own.
  virtual bool stands_alone(std::string_view) const { return false; }
  /// Fills in head, path, own fields and payload. What comes back instead is the answer for all its targets.
  virtual std::optional<verdict> word(push_request& fresh, utc_ms now) = 0;
  /// Reads an answer with a status.
  virtual answer_reading read(const push_request& done) = 0;
  /// Whether a push can be tried in the gateway's other environment.
  virtual bool has_other_environment() const { return false; }
};

/// What was rendered of a content, at that time.
inline std::shared_ptr<rendered_content> as_rendered(std::string text, const message& content, utc_ms now) {
  auto made = std::make_shared<rendered_content>();
  if (!content.blanks.empty()) made->form = blank_text(text, content);
  made->text = std::move(text);
  made->at = now;
  return made;
}

/// The answer for content that cannot be made into a push of this gateway.
inline verdict refused_content(std::string code = "INVALID_CONTENT") {
  verdict made;
  made.kind = verdict_kind::rejected;
  made.code = std::move(code);
  return made;
}

}  // namespace pusher
