// Answers that wait until notifications have settled or others have said what they know, all looked after
// together: one query for all of them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "http/exchange.hpp"
#include "http/unfinished_answer.hpp"

namespace pusher {

/// Not thread-safe.
class answer_waits {
 public:
  using clock = std::chrono::steady_clock;
  /// Told of each answer before it is given, and when its request came.
  using answered = std::function<void(const http::exchange&, const http::response&, clock::time_point)>;

  answer_waits(http::operations& engine, answered told) : engine_(engine), told_(std::move(told)) {}

  /// Takes an answer with an unfinished part. When there is no more room it is given as it stands.
  void add(std::shared_ptr<http::exchange> exchange, http::response made, clock::time_point since);
  /// Gives the answers that are complete or have waited long enough.
  void look();
  /// Gives all of them with what is known.
  void finish_all();
  size_t size() const { return waiting_.size(); }

  static constexpr size_t most = 500;
  static constexpr auto interval = std::chrono::milliseconds(25);

 private:
  struct waiting {
    std::shared_ptr<http::exchange> exchange;
    std::shared_ptr<http::unfinished_answer> rest;
    clock::time_point since;
  };
  template <class Ready>
  void give(Ready ready);

  http::operations& engine_;
  answered told_;
  std::vector<waiting> waiting_;
};

}  // namespace pusher
