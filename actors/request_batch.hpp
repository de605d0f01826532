// Requests of one kind that wait at the same time for an api actor, to be stored together.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "http/exchange.hpp"
#include "model/ids.hpp"

namespace pusher {

/// `Wanted` is what a request asks for, with its `application`. Not thread-safe. Requests that are added and
/// never stored are answered 500 by their exchange.
template <class Wanted>
class request_batch {
 public:
  using clock = std::chrono::steady_clock;
  /// Told of each answer before it is given, and when its request came.
  using answered = std::function<void(const http::exchange&, const http::response&, clock::time_point)>;

  explicit request_batch(answered told) : told_(std::move(told)) {}
  virtual ~request_batch() = default;
  request_batch(const request_batch&) = delete;
  request_batch& operator=(const request_batch&) = delete;

  /// Takes a request. What refuses it is answered at once; what is waiting is stored first when there is no
  /// more room.
  void add(std::shared_ptr<http::exchange> exchange) {
    entry fresh{std::move(exchange), {}, clock::now()};
    const auto& asked = fresh.exchange->request();
    auto made = read(asked);
    if (auto* refused = std::get_if<http::response>(&made)) return answer(fresh, std::move(*refused));
    fresh.wanted = std::move(std::get<Wanted>(made));
    if (size() >= most || bytes_ + asked.body.size() > most_bytes) store();
    bytes_ += asked.body.size();
    waiting_.push_back(std::move(fresh));
  }
  /// Stores and answers all that waits.
  void store() {
    std::map<application_id, std::vector<entry*>> groups;
    for (auto& each : waiting_)
      groups[each.wanted.application].push_back(&each);
    for (const auto& [app, members] : groups)
      store_together(app, members);
    waiting_.clear();
    bytes_ = 0;
  }
  size_t size() const { return waiting_.size(); }

  static constexpr size_t most = 200;
  static constexpr size_t most_bytes = 4 * 1024 * 1024;  ///< of their bodies

 protected:
  struct entry {
    std::shared_ptr<http::exchange> exchange;
    Wanted wanted;
    clock::time_point since;
  };
  void answer(const entry& to, http::response made) {
    told_(*to.exchange, made, to.since);
    to.exchange->answer(std::move(made));
  }

 private:
  virtual std::variant<Wanted, http::response> read(const http::request& asked) = 0;
  /// Stores and answers these.
  virtual void store_together(application_id app, const std::vector<entry*>& all) = 0;

  answered told_;
  std::vector<entry> waiting_;
  size_t bytes_ = 0;
};

}  // namespace pusher
