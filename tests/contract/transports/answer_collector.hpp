// Takes a transport's answers the way a push-sender does, and keeps them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "model/clock.hpp"
#include "transports/transport.hpp"

namespace pusher::testing {

class answer_collector final : public answer_sink {
 public:
  using key = std::pair<uint64_t, uint32_t>;  // order, number

  /// From now on each answer counts as recorded at once.
  void record_for(transport& who) { recorder_ = &who; }
  /// From now on what comes back unsent or postponed is submitted again.
  void resend_for(transport& who) { resender_ = &who; }

  void on_answers(std::vector<push_answer> answers) override {
    std::vector<push_order> again;
    size_t to_record = 0;
    {
      std::lock_guard lock(mutex_);
      for (auto& each : answers) {
        auto kind = each.verdict.kind;
        if (is_attempt(kind)) ++to_record;
        if ((kind == verdict_kind::unsent || kind == verdict_kind::postponed) && resender_ != nullptr) {
          ++unsent_;
          again.push_back(one_target_of(each));
          continue;
        }
        ++answers_of_[{each.order, each.number}];
        verdicts_[{each.order, each.number}] = std::move(each.verdict);
      }
    }
    changed_.notify_all();
    if (recorder_ != nullptr) recorder_.load()->recorded(to_record);
    for (auto& order : again)
      resender_.load()->submit(std::move(order));
  }

  /// Submits and remembers, so that targets can be sent again.
  void submit(transport& to, push_order order) {
    {
      std::lock_guard lock(mutex_);
      orders_[order.id] = order;
    }
    to.submit(std::move(order));
  }

  bool await_answers(size_t count, std::chrono::milliseconds at_most = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [&] { return verdicts_.size() >= count; });
  }

  size_t answers() const {
    std::lock_guard lock(mutex_);
    return verdicts_.size();
  }
  size_t unsent() const {
    std::lock_guard lock(mutex_);
    return unsent_;
  }
  verdict of(uint64_t order, uint32_t number) const {
    std::lock_guard lock(mutex_);
    return verdicts_.at({order, number});
  }
  std::map<verdict_kind, size_t> kinds() const {
    std::lock_guard lock(mutex_);
    std::map<verdict_kind, size_t> counts;
    for (auto& each : verdicts_)
      ++counts[each.second.kind];
    return counts;
  }
  /// Whether no target was answered twice.
  bool each_answered_once() const {
    std::lock_guard lock(mutex_);
    for (auto& each : answers_of_)
      if (each.second != 1) return false;
    return true;
  }

 private:
  push_order one_target_of(const push_answer& answer) {
    auto& whole = orders_.at(answer.order);
    push_order single = whole;
    single.targets.clear();
    single.numbers = {answer.number};
    for (size_t i = 0; i < whole.numbers.size(); ++i)
      if (whole.numbers[i] == answer.number) single.targets = {whole.targets[i]};
    return single;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<key, verdict> verdicts_;
  std::map<key, int> answers_of_;
  std::map<uint64_t, push_order> orders_;
  size_t unsent_ = 0;
  std::atomic<transport*> recorder_{nullptr};
  std::atomic<transport*> resender_{nullptr};
};

/// A notification with a title and a body that is valid for an hour.
inline std::shared_ptr<message> some_message() {
  auto made = std::make_shared<message>();
  made->key = {1};
  made->content.title = "Spring sale";
  made->content.body = "Everything must go, \"today\" only.";
  made->content.data = {{"campaign", "spring"}};
  made->expires_at = now_ms() + 3'600'000;
  return made;
}

inline push_order order_of(uint64_t id, const std::vector<std::string>& tokens,
                           lane urgency = lane::campaign) {
  push_order made;
  made.id = id;
  made.content = some_message();
  made.urgency = urgency;
  for (auto& token : tokens) {
    made.numbers.push_back(static_cast<uint32_t>(made.numbers.size() + 100));
    made.targets.push_back({{made.numbers.back()}, token, 0});
  }
  return made;
}

inline std::vector<std::string> tokens(size_t count, const std::string& prefix = "token-") {
  std::vector<std::string> made;
  for (size_t i = 0; i < count; ++i)
    made.push_back(prefix + std::to_string(i));
  return made;
}

}  // namespace pusher::testing
