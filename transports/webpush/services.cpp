#include "transports/webpush/services.hpp"

#include <algorithm>

#include "transports/address_guard.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

/// Far more push services than there are; endpoints come from strangers, though.
constexpr size_t most_services = 64;
constexpr auto idle_life = std::chrono::minutes(5);
constexpr auto sweep_interval = std::chrono::seconds(10);
constexpr int64_t postponed_ms = 5'000;
constexpr size_t assumed_capacity = 100;  // before any service is connected
constexpr unsigned worker_threads = 2;

h2::pool_bounds bounds_of(const webpush_settings& settings, const limits_settings& limits) {
  auto bounds = pool_bounds_of(limits);
  bounds.connection.or_http1 = true;
  if (!settings.allow_private_addresses) bounds.connection.may_connect = is_public;
  return bounds;
}

verdict postponed(const char* code) {
  verdict made;
  made.kind = verdict_kind::postponed;
  made.retry_after_ms = postponed_ms;
  made.code = code;
  return made;
}

}  // namespace

push_services::push_services(event_loop& loop, tls_context tls, ec_key key, std::string subject,
                             const webpush_settings& settings, const limits_settings& limits)
    : loop_(loop),
      tls_(std::move(tls)),
      key_(std::move(key)),
      subject_(std::move(subject)),
      bounds_(bounds_of(settings, limits)),
      retry_budget_percent_(limits.retry_budget_percent),
      window_(limits.unrecorded_answers),
      workers_(worker_threads, {settings.allowed_hosts, settings.allow_private_addresses},
               [&loop] { loop.wake(); }) {}

void push_services::submit(push_order order) {
  if (order.targets.empty()) return;
  encrypting_[order.id] += order.targets.size();
  workers_.add(std::move(order));
}

void push_services::withdraw(uint64_t order) {
  if (encrypting_.count(order) > 0) withdrawn_.insert(order);
  for (auto& [authority, each] : services_)
    each.sender->withdraw(order);
}

void push_services::withdraw_all() {
  for (auto& [order, targets] : encrypting_)
    withdrawn_.insert(order);
  for (auto& [authority, each] : services_)
    each.sender->withdraw_all();
}

steady_time push_services::on_round(steady_time now) {
  take_encrypted(now);
  auto due = now + sweep_interval;
  for (auto& [authority, each] : services_) {
    due = std::min(due, each.sender->on_round(now));
    free_held_up(each, now);
  }
  forget_idle(now);
  return due;
}

void push_services::take_encrypted(steady_time now) {
  for (auto& part : workers_.take()) {
    auto id = part.order.id;
    auto& left = encrypting_[id];
    left -= std::min(left, part.order.targets.size() + part.failed.size());
    bool last = left == 0;
    bool unwanted = withdrawn_.count(id) > 0;
    if (last) encrypting_.erase(id);
    if (last) withdrawn_.erase(id);
    for (auto& [number, why] : part.failed)
      answer(id, number, std::move(why));
    if (part.order.targets.empty()) continue;
    if (unwanted) {
      verdict unsent;
      unsent.kind = verdict_kind::unsent;
      answer_all(part.order, unsent);
    } else {
      hand_over(std::move(part), now);
    }
  }
}

void push_services::hand_over(encrypted_part part, steady_time now) {
  auto* to = find_service(part.origin, now);
  if (to == nullptr) return answer_all(part.order, postponed("TOO_MANY_SERVICES"));
  to->used = now;
  to->sender->submit(std::move(part.order));
}

/// Null when there are too many already, all of them busy.
push_services::service* push_services::find_service(const origin& where, steady_time now) {
  auto found = services_.find(where.authority);
  if (found != services_.end()) return &found->second;
  if (services_.size() >= most_services) {
    auto idle = std::find_if(services_.begin(), services_.end(),
                             [](auto& each) { return each.second.sender->idle(); });
    if (idle == services_.end()) return nullptr;
    forget(idle);
  }
  auto& fresh = services_[where.authority];
  fresh.protocol = std::make_unique<web_push_protocol>(key_, subject_, where);
  fresh.sender =
      std::make_unique<gateway_sender>(gateway_sender::parts{loop_, tls_, *fresh.protocol, window_},
                                       where.host, where, bounds_, sending_pace{0, 0, retry_budget_percent_});
  fresh.used = now;
  return &fresh;
}

/// One target stays where it is, to find out when the service takes pushes again.
void push_services::free_held_up(service& which, steady_time now) {
  if (which.sender->forbidden()) {
    verdict refused;
    refused.kind = verdict_kind::rejected;
    refused.code = "FORBIDDEN_ADDRESS";
    which.sender->give_up_waiting(refused, 0);
  } else if (which.sender->blocked()) {
    which.sender->give_up_waiting(postponed("SERVICE_UNAVAILABLE"), 1);
  }
  if (!which.sender->idle()) which.used = now;
}

void push_services::forget_idle(steady_time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_interval;
  for (auto each = services_.begin(); each != services_.end();)
    each =
        each->second.sender->idle() && now >= each->second.used + idle_life ? forget(each) : std::next(each);
}

push_services::by_authority::iterator push_services::forget(by_authority::iterator which) {
  auto past = which->second.sender->numbers();
  past_requests_ += past.requests;
  past_tally_ += past.tally;
  return services_.erase(which);
}

void push_services::answer(uint64_t order, uint32_t number, verdict made) {
  window_.answered(made.kind);
  answers_.push_back({order, number, std::move(made)});
}

void push_services::answer_all(const push_order& order, const verdict& made) {
  for (auto number : order.numbers)
    answer(order.id, number, made);
}

std::vector<push_answer> push_services::take_answers() {
  auto all = std::exchange(answers_, {});
  for (auto& [authority, each] : services_) {
    auto some = each.sender->take_answers();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

transport_stats push_services::stats(steady_time now) const {
  transport_stats sum;
  sum.requests = past_requests_;
  sum.tally = past_tally_;
  for (auto& [order, targets] : encrypting_)
    sum.queued += targets;
  size_t blocked = 0;
  for (auto& [authority, each] : services_) {
    auto own = each.sender->numbers();
    sum.requests += own.requests;
    sum.tally += own.tally;
    sum.in_flight += own.in_flight;
    sum.queued += own.queued;
    sum.connections += own.connections;
    sum.stream_capacity += own.stream_capacity;
    if (own.breaker_open) ++blocked;
    // Of several services the one that waits most speaks for all.
    for (size_t i = 0; i < sum.held.size(); ++i)
      sum.held[i] = std::max(sum.held[i], own.held[i]);
    if (own.held_now) sum.held_now = own.held_now;
    if (sum.trouble.empty()) sum.trouble = each.sender->trouble(now);
  }
  sum.stream_capacity = std::max(sum.stream_capacity, assumed_capacity);
  sum.breaker_open = blocked > 0 && blocked == services_.size();
  return sum;
}

}  // namespace pusher
