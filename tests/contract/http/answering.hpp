// Dispatchers for tests: answer from threads of their own, late, never, or only when told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <thread>
#include <vector>

#include "http/exchange.hpp"

/// Several threads answer each request after a random delay.
class late_answers : public pusher::http::dispatcher {
 public:
  using make = std::function<pusher::http::response(const pusher::http::request&)>;

  late_answers(unsigned threads, std::chrono::microseconds most_delay, make answer)
      : most_delay_(most_delay), answer_(std::move(answer)) {
    for (unsigned i = 0; i < threads; ++i)
      threads_.emplace_back([this] { run(); });
  }
  ~late_answers() override {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (auto& each : threads_)
      each.join();
  }

  void dispatch(std::shared_ptr<pusher::http::exchange> exchange) override {
    std::lock_guard<std::mutex> guard(mutex_);
    std::uniform_int_distribution<int64_t> delay(0, most_delay_.count());
    auto due = clock::now() + std::chrono::microseconds(delay(chance_));
    waiting_.push({due, std::move(exchange)});
    changed_.notify_one();
  }

 private:
  using clock = std::chrono::steady_clock;
  struct entry {
    clock::time_point due;
    std::shared_ptr<pusher::http::exchange> exchange;
    bool operator<(const entry& other) const { return due > other.due; }
  };

  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ending_) {
      if (waiting_.empty()) {
        changed_.wait(lock);
      } else if (waiting_.top().due > clock::now()) {
        auto due = waiting_.top().due;
        changed_.wait_until(lock, due);
      } else {
        auto next = waiting_.top().exchange;
        waiting_.pop();
        lock.unlock();
        next->answer(answer_(next->request()));
        next.reset();
        lock.lock();
      }
    }
  }

  const std::chrono::microseconds most_delay_;
  const make answer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<entry> waiting_;
  std::mt19937 chance_{7};
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// Keeps what it gets until the test takes it.
class held_requests : public pusher::http::dispatcher {
 public:
  void dispatch(std::shared_ptr<pusher::http::exchange> exchange) override {
    std::lock_guard<std::mutex> guard(mutex_);
    held_.push_back(std::move(exchange));
    changed_.notify_all();
  }
  /// The oldest one; null when none comes within 20 s.
  std::shared_ptr<pusher::http::exchange> take() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !held_.empty(); })) return nullptr;
    auto first = std::move(held_.front());
    held_.pop_front();
    return first;
  }
  size_t held() {
    std::lock_guard<std::mutex> guard(mutex_);
    return held_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<pusher::http::exchange>> held_;
};

/// Answers at once on the calling thread.
class prompt_answers : public pusher::http::dispatcher {
 public:
  explicit prompt_answers(late_answers::make answer) : answer_(std::move(answer)) {}
  void dispatch(std::shared_ptr<pusher::http::exchange> exchange) override {
    exchange->answer(answer_(exchange->request()));
  }

 private:
  const late_answers::make answer_;
};

inline pusher::http::response with_body(std::string body) {
  pusher::http::response made;
  made.body = std::move(body);
  return made;
}

/// Awaits a condition that other threads bring about.
template <class Condition>
bool eventually(const Condition& met, std::chrono::milliseconds most = std::chrono::seconds(20)) {
  auto deadline = std::chrono::steady_clock::now() + most;
  while (!met()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}
