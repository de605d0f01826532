#include "transports/lane_queue.hpp"

#include <algorithm>

namespace pusher {

void lane_queue::add(push_order order) {
  if (order.targets.empty()) return;
  auto fresh = std::make_shared<open_order>();
  fresh->order = std::move(order);
  fresh->queued = true;
  size_ += fresh->order.targets.size();
  orders_.push_back(std::move(fresh));
}

open_target lane_queue::take() {
  auto& front = orders_.front();
  open_target target{front, 0, !front->again.empty()};
  if (target.resent) {
    target.index = front->again.back();
    front->again.pop_back();
  } else {
    target.index = static_cast<uint32_t>(front->next++);
  }
  --size_;
  if (front->again.empty() && front->next == front->order.targets.size()) {
    front->queued = false;
    orders_.pop_front();
  }
  return target;
}

std::string_view lane_queue::next_token() const {
  const auto& front = orders_.front();
  auto index = front->again.empty() ? front->next : front->again.back();
  return front->order.targets[index].push_token;
}

void lane_queue::put_back(const open_target& target) {
  auto& order = target.of;
  order->again.push_back(target.index);
  ++size_;
  if (order->queued) return;
  order->queued = true;
  orders_.push_front(order);
}

void lane_queue::empty_out(const std::shared_ptr<open_order>& order, const give_up& each) {
  size_ -= order->again.size() + order->order.targets.size() - order->next;
  for (uint32_t index : order->again)
    each({order, index, true});
  order->again.clear();
  for (; order->next < order->order.targets.size(); ++order->next)
    each({order, static_cast<uint32_t>(order->next), false});
  order->queued = false;
}

template <class Wanted>
void lane_queue::take_out(Wanted wanted, const give_up& each) {
  auto gone =
      std::stable_partition(orders_.begin(), orders_.end(), [&](auto& order) { return !wanted(*order); });
  for (auto order = gone; order != orders_.end(); ++order)
    empty_out(*order, each);
  orders_.erase(gone, orders_.end());
}

void lane_queue::withdraw(uint64_t id, const give_up& each) {
  take_out([id](open_order& order) { return order.order.id == id; }, each);
}

void lane_queue::withdraw_all(const give_up& each) {
  take_out([](open_order&) { return true; }, each);
}

void lane_queue::expire(utc_ms now, const give_up& each) {
  take_out([now](open_order& order) { return order.order.content->expires_at <= now; }, each);
}

}  // namespace pusher
