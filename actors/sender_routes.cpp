#include "actors/sender_routes.hpp"

#include <utility>

namespace pusher {

namespace {

constexpr size_t assumed_capacity = 100;  // before a transport has told its own

push_route route_of(const push_queue& queue) {
  return {queue.application, channel_of(queue.gateway, queue.environment)};
}

}  // namespace

result<void> sender_routes::follow_credentials(utc_ms now) {
  auto status = journal_.credential_status();
  if (!status) return std::move(status).failure();
  if (status->closed != closed_text_) {
    closed_text_ = status->closed;
    closed_ = parse_routes(closed_text_);
  }
  if (status->version != version_ && !status->version.empty()) {
    auto board = journal_.load_credentials();
    if (!board) return std::move(board).failure();
    auto index = parse_credential_index(board->index);
    if (!index) return std::move(index).failure();
    version_ = board->version;
    transports_.adopt(std::move(*index));
  }
  for (const auto& [route, queues] : queues_)
    decide(route, now);
  return {};
}

result<void> sender_routes::look(utc_ms now) {
  auto names = journal_.busy_queues();
  if (!names) return std::move(names).failure();
  std::map<push_route, std::vector<std::string>> busy;
  for (auto wanted : {lane::transactional, lane::campaign})
    for (auto& name : *names)
      if (auto queue = push_queue::parse(name); queue && queue->lane == wanted) {
        busy[route_of(*queue)].push_back(name);
        // A token may turn out to belong to the other environment.
        if (queue->gateway == gateway::apns) {
          queue->environment = other_environment(queue->environment);
          busy[route_of(*queue)];
        }
      }
  std::swap(queues_, busy);
  for (const auto& [route, queues] : busy)
    if (queues_.count(route) == 0) decide(route, now);
  return follow_credentials(now);
}

void sender_routes::decide(push_route route, utc_ms now) {
  if (auto* open = transports_.find(route)) {
    auto stats = open->transport->stats();
    return machine_.capacity(route, stats.stream_capacity, stats.breaker_open);
  }
  if (known() && transports_.serves(route, now)) return machine_.capacity(route, assumed_capacity, false);
  if (known() && is_closed(route)) return machine_.closed(route);
  machine_.unserved(route);
}

const std::vector<std::string>& sender_routes::queues_of(push_route route) const {
  static const std::vector<std::string> none;
  auto found = queues_.find(route);
  return found == queues_.end() ? none : found->second;
}

std::vector<push_route> sender_routes::busy(utc_ms now) const {
  std::vector<push_route> found;
  for (const auto& [route, queues] : queues_)
    if (!queues.empty() && known() && (transports_.serves(route, now) || is_closed(route)))
      found.push_back(route);
  return found;
}

}  // namespace pusher
