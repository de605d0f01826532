// Lets requests through to those who answer them, a few at a time and by turns: however much one caller asks,
// another's request waits behind a few of them and not behind all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "http/exchange.hpp"

namespace pusher::http {

/// Not thread-safe. A caller is a number: the id of its key, 0 for all who have none.
class fair_queue {
 public:
  using item = std::shared_ptr<exchange>;

  /// `window`: how many may be under way behind it.
  explicit fair_queue(size_t window) : window_(window) {}

  void push(uint64_t caller, item what) {
    auto& line = lines_[caller];
    if (line.empty()) turns_.push_back(caller);
    line.push_back(std::move(what));
  }

  /// The next one, which is under way from now on; null when there is none or the window is full.
  item next() {
    if (under_way_ >= window_ || turns_.empty()) return nullptr;
    auto caller = turns_.front();
    turns_.pop_front();
    auto line = lines_.find(caller);
    auto taken = std::move(line->second.front());
    line->second.pop_front();
    if (line->second.empty())
      lines_.erase(line);
    else
      turns_.push_back(caller);
    ++under_way_;
    return taken;
  }

  /// One that is not under way, for the end; null when there is none.
  item drop() {
    window_ = under_way_ + 1;
    return next();
  }

  /// One that was under way is answered.
  void done() { --under_way_; }

 private:
  size_t window_;
  size_t under_way_ = 0;
  std::unordered_map<uint64_t, std::deque<item>> lines_;
  std::list<uint64_t> turns_;
};

}  // namespace pusher::http
