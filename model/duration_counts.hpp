// How long things took, counted in fixed buckets.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pusher {

// Upper bounds of buckets, in microseconds. What is longer than the last falls into one more.
/// A gateway's answer.
struct gateway_scale {
  static constexpr std::array<uint64_t, 14> bounds_us{1'000,     2'500,     5'000,      10'000,    25'000,
                                                      50'000,    100'000,   250'000,    500'000,   1'000'000,
                                                      2'500'000, 5'000'000, 10'000'000, 30'000'000};
};
/// A store's answer.
struct store_scale {
  static constexpr std::array<uint64_t, 13> bounds_us{
      100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000, 250'000, 1'000'000, 2'500'000, 10'000'000};
};
/// From a launch until a gateway takes the push: milliseconds for one device, hours for a large campaign.
struct launch_scale {
  static constexpr std::array<uint64_t, 16> bounds_us{
      10'000,    25'000,     50'000,     100'000,    250'000,     500'000,     1'000'000,     2'500'000,
      5'000'000, 10'000'000, 30'000'000, 60'000'000, 300'000'000, 900'000'000, 3'600'000'000, 14'400'000'000};
};

template <class Scale>
size_t bucket_of(uint64_t microseconds) {
  const auto& bounds = Scale::bounds_us;
  return static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), microseconds) - bounds.begin());
}

/// Plain numbers: counting costs nothing, adding up is simple. Not thread-safe.
template <class Scale>
struct duration_counts {
  static constexpr size_t buckets = Scale::bounds_us.size() + 1;
  std::array<uint64_t, buckets> counts{};
  uint64_t sum_us = 0;

  void add(std::chrono::nanoseconds took) {
    auto us = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0)) / 1000;
    ++counts[bucket_of<Scale>(us)];
    sum_us += us;
  }
  uint64_t total() const {
    uint64_t all = 0;
    for (auto each : counts)
      all += each;
    return all;
  }
  duration_counts& operator+=(const duration_counts& more) {
    for (size_t i = 0; i < buckets; ++i)
      counts[i] += more.counts[i];
    sum_us += more.sum_us;
    return *this;
  }
};

/// The same for many threads. A reader may see a count without its part of the sum.
template <class Scale>
class shared_duration_counts {
 public:
  void add(std::chrono::nanoseconds took) {
    auto us = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0)) / 1000;
    counts_[bucket_of<Scale>(us)].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(us, std::memory_order_relaxed);
  }
  duration_counts<Scale> now() const {
    duration_counts<Scale> made;
    for (size_t i = 0; i < made.buckets; ++i)
      made.counts[i] = counts_[i].load(std::memory_order_relaxed);
    made.sum_us = sum_us_.load(std::memory_order_relaxed);
    return made;
  }

 private:
  std::array<std::atomic<uint64_t>, duration_counts<Scale>::buckets> counts_{};
  std::atomic<uint64_t> sum_us_{0};
};

}  // namespace pusher
