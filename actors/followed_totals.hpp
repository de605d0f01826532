// Counters that follow the running totals of somebody else, who counts without locks and reports now and
// then.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>

#include <vector>

#include "model/duration_counts.hpp"

namespace pusher {

/// Not thread-safe: of one reporter.
class followed_counter {
 public:
  followed_counter() = default;
  followed_counter(prometheus::Family<prometheus::Counter>& family, const prometheus::Labels& labels)
      : counter_(&family.Add(labels)) {}

  void raise(double total) {
    if (total == before_) return;
    // Whoever was started again counts from zero again.
    if (total < before_) before_ = 0;
    counter_->Increment(total - before_);
    before_ = total;
  }
  void raise(uint64_t total) { raise(static_cast<double>(total)); }

 private:
  prometheus::Counter* counter_ = nullptr;
  double before_ = 0;
};

template <class Scale>
prometheus::Histogram::BucketBoundaries boundaries() {
  prometheus::Histogram::BucketBoundaries made;
  for (auto each : Scale::bounds_us)
    made.push_back(static_cast<double>(each) / 1e6);
  return made;
}

template <class Scale>
void observe(prometheus::Histogram& into, const duration_counts<Scale>& counts) {
  std::vector<double> increments(counts.counts.begin(), counts.counts.end());
  into.ObserveMultiple(increments, static_cast<double>(counts.sum_us) / 1e6);
}

/// As followed_counter.
template <class Scale>
class followed_histogram {
 public:
  followed_histogram() = default;
  followed_histogram(prometheus::Family<prometheus::Histogram>& family, const prometheus::Labels& labels)
      : histogram_(&family.Add(labels, boundaries<Scale>())) {}

  void raise(const duration_counts<Scale>& totals) {
    if (totals.total() < before_.total()) before_ = {};
    auto fresh = totals;
    for (size_t i = 0; i < fresh.buckets; ++i)
      fresh.counts[i] -= before_.counts[i];
    fresh.sum_us -= before_.sum_us;
    if (fresh.total() == 0) return;
    observe(*histogram_, fresh);
    before_ = totals;
  }

 private:
  prometheus::Histogram* histogram_ = nullptr;
  duration_counts<Scale> before_;
};

}  // namespace pusher
