#include "http/gate.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "http/problem.hpp"
#include "http/rate_headers.hpp"
#include "http/route_call.hpp"
#include "model/clock.hpp"

namespace pusher::http {

namespace {

/// Whether our own stream sent it, behind a first one that was admitted: it belongs to that.
bool continues(const request& asked) {
  return asked.parsed != nullptr || std::any_of(asked.internal.begin(), asked.internal.end(),
                                                [](const auto& note) { return !note.second.empty(); });
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

bool is_long(const request& asked) {
  const auto& path = asked.path;
  bool counted_segment = path.rfind("/v1/segments/", 0) == 0 && asked.query.count("count") > 0;
  bool erased_user = asked.method == "DELETE" && path.rfind("/v1/users/", 0) == 0;
  // A gateway may be asked about the credential.
  bool asked_gateway = asked.method != "GET" && path.rfind("/v1/credentials", 0) == 0;
  return ends_with(path, ":import") || ends_with(path, ":export") || ends_with(path, ":search") ||
         ends_with(path, ":count") || ends_with(path, ":test") || ends_with(path, ":rehearse") ||
         ends_with(path, "/outcomes") || counted_segment || erased_user || asked_gateway;
}

gate::line gate::line_of(const request& asked) {
  // They may wait for outcomes, or for other nodes.
  if (asked.path == "/api/push" || asked.path == "/v1/gateway-states") return line::patient;
  return is_long(asked) ? line::slow : line::quick;
}

/// The request as the actors see it. Answered or dropped, it makes room for the next.
class gate::passing final : public exchange {
 public:
  passing(gate& through, std::shared_ptr<exchange> from, uint64_t caller, line of,
          const key_ring::admission& admitted)
      : through_(through), from_(std::move(from)), caller_(caller), line_(of), admitted_(admitted) {}
  passing(const passing&) = delete;
  passing& operator=(const passing&) = delete;

  ~passing() override {
    // Unanswered, the exchange within answers for itself; room is made after that.
    from_.reset();
    leave();
  }

  const http::request& request() const override { return from_->request(); }

  void answer(response answer) override {
    if (answered_.exchange(true)) return;
    if (auto rate = reading(answer.status)) add_rate_headers(answer, *rate, now_ms());
    from_->answer(std::move(answer));
    leave();
  }

 private:
  std::optional<rate_reading> reading(int status) const {
    if (admitted_.is == key_ring::verdict::known) return admitted_.rate;
    auto key = status == 401 ? std::nullopt : bearer_key(from_->request());
    return key ? through_.keys_.charge(*key, key_ring::clock::now()) : std::nullopt;
  }

  void leave() {
    if (!left_.exchange(true)) through_.leave(caller_, line_);
  }

  gate& through_;
  std::shared_ptr<exchange> from_;
  const uint64_t caller_;
  const line line_;
  const key_ring::admission admitted_;
  std::atomic<bool> answered_{false}, left_{false};
};

gate::gate(dispatcher& target, key_ring& keys, const limits_settings& limits, windows open,
           std::function<void(int)> refused)
    : target_(target),
      keys_(keys),
      most_(limits.concurrent_requests),
      most_of_one_(limits.concurrent_requests_per_key),
      refused_(std::move(refused)),
      queues_{fair_queue(open.quick), fair_queue(open.slow), fair_queue(limits.concurrent_requests)} {}

gate::~gate() {
  close();
}

void gate::close() {
  std::vector<fair_queue::item> left;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    closed_ = true;
    for (auto& queue : queues_)
      while (auto each = queue.drop())
        left.push_back(std::move(each));
  }
  for (const auto& each : left)
    each->answer(problem({errc::overloaded, "The node is ending; ask another.", "", 1}, each->request()));
}

void gate::dispatch(std::shared_ptr<exchange> asked) {
  const auto& request = asked->request();
  bool later_part = continues(request);
  key_ring::admission admitted;
  if (auto key = bearer_key(request))
    admitted = keys_.admit(*key, request.remote_address, !later_part, key_ring::clock::now());
  if (!later_part) {
    if (admitted.is == key_ring::verdict::throttled)
      return refuse(asked,
                    {errc::rate_limited, "Too many API keys from this address were wrong; try again later.",
                     "", admitted.retry_after_seconds},
                    admitted);
    if (admitted.is == key_ring::verdict::limited)
      return refuse(asked,
                    {errc::rate_limited,
                     "This API key may make " + std::to_string(admitted.rate->limit) +
                         " requests a second; send the next after Retry-After.",
                     "", admitted.retry_after_seconds},
                    admitted);
  }
  if (!enter(admitted.key, later_part))
    return refuse(
        asked,
        {errc::concurrency_limited,
         "This API key has too many requests under way; wait for an answer before the next.", "", 1},
        admitted);
  auto of = line_of(request);
  pass(admitted.key, of, std::make_shared<passing>(*this, asked, admitted.key, of, admitted));
}

/// One caller never takes the last place: it may have as many as are left for others.
bool gate::enter(uint64_t caller, bool always) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = of_caller_.find(caller);
  auto own = found == of_caller_.end() ? 0 : found->second;
  if (!always && (own >= most_of_one_ || own + within_ >= most_)) return false;
  ++of_caller_[caller];
  ++within_;
  return true;
}

void gate::leave(uint64_t caller, line of) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    --within_;
    if (auto own = of_caller_.find(caller); --own->second == 0) of_caller_.erase(own);
    queue_of(of).done();
  }
  pump();
}

void gate::pass(uint64_t caller, line of, std::shared_ptr<exchange> asked) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    queue_of(of).push(caller, std::move(asked));
  }
  pump();
}

/// Dispatching may answer at once, which calls this again: whoever pumps goes on, the others leave it to him.
void gate::pump() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (closed_ || std::exchange(pumping_, true)) return;
  while (!closed_) {
    fair_queue::item next;
    for (auto& queue : queues_)
      if (!next) next = queue.next();
    if (!next) break;
    lock.unlock();
    target_.dispatch(std::move(next));
    lock.lock();
  }
  pumping_ = false;
}

void gate::refuse(const std::shared_ptr<exchange>& asked, const error& why,
                  const key_ring::admission& admitted) {
  auto refusal = problem(why, asked->request());
  if (admitted.rate) add_rate_headers(refusal, *admitted.rate, now_ms());
  refused_(refusal.status);
  asked->answer(std::move(refusal));
}

}  // namespace pusher::http
