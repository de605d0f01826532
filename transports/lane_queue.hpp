// The orders of one lane that wait in a transport, target by target.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "model/message_wording.hpp"
#include "transports/h2_exchange.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// What a transport made of an order's content, the same for all its targets.
struct rendered_content {
  std::string text;
  std::shared_ptr<const h2::request_head> head;
  uint64_t generation = 0;  ///< of the credential that the head carries
  utc_ms at = 0;
  std::string id = {};    ///< of each of its requests, where the notification gives one
  size_t most_bytes = 0;  ///< APNs: of the text with values in it
  blank_text form = {};   ///< the text, when devices' values belong into it
};

/// An order and how far it has got. Requests under way hold on to it.
struct open_order {
  push_order order;
  size_t next = 0;              ///< targets before it were taken
  std::vector<uint32_t> again;  ///< targets that came back to be sent once more
  bool queued = false;
  std::shared_ptr<const rendered_content> rendered;
};

/// One target of an open order.
struct open_target {
  std::shared_ptr<open_order> of;
  uint32_t index = 0;
  bool resent = false;  ///< it was sent before, and refused for a reason that was not its own

  const std::string& token() const { return of->order.targets[index].push_token; }
  const push_target& target() const { return of->order.targets[index]; }
  uint32_t number() const { return of->order.numbers[index]; }
};

/// First in, first out. Not thread-safe.
class lane_queue {
 public:
  using give_up = std::function<void(const open_target&)>;

  void add(push_order order);
  bool empty() const { return orders_.empty(); }
  /// Targets that wait.
  size_t size() const { return size_; }
  /// The order of the next target; the queue must not be empty.
  const open_order* front() const { return orders_.front().get(); }
  /// The next target; the queue must not be empty.
  open_target take();
  /// The push token of the one that take() would give; there must be one.
  std::string_view next_token() const;
  /// The target goes first again, marked as resent.
  void put_back(const open_target& target);
  /// Takes out what waits of the order, or of all orders.
  void withdraw(uint64_t order, const give_up& each);
  void withdraw_all(const give_up& each);
  /// Takes out what expired.
  void expire(utc_ms now, const give_up& each);

 private:
  template <class Wanted>
  void take_out(Wanted wanted, const give_up& each);
  void empty_out(const std::shared_ptr<open_order>& order, const give_up& each);

  std::deque<std::shared_ptr<open_order>> orders_;  ///< each with at least one target left
  size_t size_ = 0;
};

}  // namespace pusher
