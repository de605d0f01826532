// Notifications whose creation waits at the same time, stored in one transaction: most are for one device,
// and a commit costs as much as all the rest of such a one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "http/exchange.hpp"
#include "http/operations.hpp"
#include "http/routes.hpp"

namespace pusher {

/// Not thread-safe. Requests that are added and never stored are answered 500 by their exchange.
class creation_batch {
 public:
  using clock = std::chrono::steady_clock;
  /// Told of each answer before it is given, and when its request came.
  using answered = std::function<void(const http::exchange&, const http::response&, clock::time_point)>;

  creation_batch(http::operations& engine, answered told) : engine_(engine), told_(std::move(told)) {}

  /// Takes a request that http::is_creation says yes to. What refuses it is answered at once; what is waiting
  /// is stored first when there is no more room.
  void add(std::shared_ptr<http::exchange> exchange);
  /// Stores and answers all that waits.
  void store();
  size_t size() const { return waiting_.size(); }

  static constexpr size_t most = 200;
  static constexpr size_t most_bytes = 4 * 1024 * 1024;  ///< of their bodies

 private:
  struct entry {
    std::shared_ptr<http::exchange> exchange;
    http::creation wanted;
    clock::time_point since;
  };
  void store(const std::vector<entry*>& of_one_application);
  void answer(const entry& to, http::response made);

  http::operations& engine_;
  answered told_;
  std::vector<entry> waiting_;
  size_t bytes_ = 0;
};

}  // namespace pusher
