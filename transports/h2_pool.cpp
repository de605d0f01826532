#include "transports/h2_pool.hpp"

#include <algorithm>

namespace pusher::h2 {

pool::pool(event_loop& loop, const tls_context& tls, pusher::origin where, pool_bounds bounds,
           exchange_listener& listener)
    : loop_(loop),
      tls_(tls),
      origin_(std::move(where)),
      bounds_(bounds),
      listener_(listener),
      resolver_([&loop] { loop.wake(); }),
      waits_(bounds.shortest_wait, bounds.longest_wait),
      next_attempt_(loop.now()),
      growth_measured_(loop.now()) {}

bool pool::send(exchange& request) {
  // The first that has room: requests written together share TLS records, and the last ones can become idle.
  for (auto& candidate : connections_) {
    if (candidate->free_streams() == 0) continue;
    candidate->send(request);
    return true;
  }
  return false;
}

void pool::replace_connections() {
  for (auto& each : connections_)
    each->drain();
}

void pool::begin_round(steady_time now) {
  reap(now);
  if (looking_up_) finish_lookup(now);
  open_more(now);
  close_surplus(now);
}

steady_time pool::end_round(steady_time now) {
  steady_time due = steady_time::max();
  for (auto& each : connections_) {
    due = std::min(due, each->on_time(now));
    each->flush();
    // Replaced, or reaped, in a round of its own.
    if (each->state() == connection::phase::closed) due = now;
  }
  if (usable() == 0 && opening_ == nullptr && !looking_up_) due = std::min(due, next_attempt_);
  if (more_wanted_) due = std::min(due, now + bounds_.growth_interval);
  return due;
}

void pool::reap(steady_time now) {
  auto ended = std::stable_partition(connections_.begin(), connections_.end(),
                                     [](auto& each) { return each->state() != connection::phase::closed; });
  for (auto each = ended; each != connections_.end(); ++each)
    note_end(**each, now);
  connections_.erase(ended, connections_.end());
  if (opening_ != nullptr && opening_->was_open()) {
    opening_ = nullptr;
    failures_ = 0;
    trouble_.clear();
    waits_.reset();
  }
}

void pool::note_end(const connection& ended, steady_time now) {
  bool opening = &ended == opening_;
  if (opening) opening_ = nullptr;
  forbidden_ = ended.was_forbidden();
  // One that opened and was of no use counts as a failure too: else it would be tried again without a pause.
  if (opening || !ended.was_useful()) attempt_failed(ended.trouble(), now);
}

void pool::attempt_failed(const std::string& why, steady_time now) {
  ++failures_;
  trouble_ = why;
  next_attempt_ = now + waits_.next();
}

void pool::open_more(steady_time now) {
  if (opening_ != nullptr || looking_up_ || now < next_attempt_) return;
  bool first = usable() == 0;
  bool another = more_wanted_ && usable() < bounds_.max_connections && growth_pays(now);
  more_wanted_ = false;
  if (first || another) start_lookup(now);
}

/// Whether this thread waited for the peer for a good part of the last interval. Else one more connection
/// could not be fed, and would only make every write smaller.
bool pool::growth_pays(steady_time now) {
  auto span = now - growth_measured_;
  if (span < bounds_.growth_interval) return false;
  auto waited = loop_.waited() - waited_before_;
  growth_measured_ = now;
  waited_before_ = loop_.waited();
  // After a pause the measure says nothing about the load of now.
  return span < 4 * bounds_.growth_interval && waited * 4 > span;
}

void pool::start_lookup(steady_time now) {
  looking_up_ = true;
  resolver_.start(origin_.host, origin_.port);
  finish_lookup(now);
}

void pool::finish_lookup(steady_time now) {
  auto found = resolver_.take();
  if (!found) return;
  looking_up_ = false;
  if (found->addresses.empty()) return attempt_failed(found->trouble, now);
  auto& fresh = connections_.emplace_back(
      std::make_unique<connection>(loop_, tls_, origin_.host, bounds_.connection, listener_));
  opening_ = fresh.get();
  fresh->open(std::move(found->addresses));
}

void pool::close_surplus(steady_time now) {
  for (auto each = connections_.rbegin(); each != connections_.rend() && usable() > 1; ++each) {
    auto& idle = **each;
    if (idle.state() == connection::phase::open && idle.in_flight() == 0 &&
        now >= idle.idle_since() + bounds_.surplus_idle)
      idle.drain();
  }
}

size_t pool::free_streams() const {
  size_t sum = 0;
  for (auto& each : connections_)
    sum += each->free_streams();
  return sum;
}

size_t pool::capacity() const {
  size_t sum = 0;
  for (auto& each : connections_)
    sum += each->capacity();
  return sum;
}

size_t pool::in_flight() const {
  size_t sum = 0;
  for (auto& each : connections_)
    sum += each->in_flight();
  return sum;
}

size_t pool::usable() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(), [](auto& each) {
    return each->state() == connection::phase::open;
  }));
}

}  // namespace pusher::h2
