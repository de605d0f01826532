// Brings spans to an OpenTelemetry collector, on a thread of its own. Whoever traces never waits: the queue
// is bounded, and what does not fit is dropped and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/span.hpp"
#include "conf/settings.hpp"

namespace pusher {

/// Thread-safe.
class span_exporter {
 public:
  /// Without an endpoint nothing is traced, and there is no thread. `node` is this process's name.
  span_exporter(const trace_settings& settings, std::string node);
  /// Gives the collector a moment for what waits.
  ~span_exporter();
  span_exporter(const span_exporter&) = delete;
  span_exporter& operator=(const span_exporter&) = delete;

  bool traces() const { return settings_.enabled(); }
  void add(span finished);

  struct totals {
    uint64_t exported = 0;
    uint64_t dropped = 0;  ///< there was no room for them
    uint64_t failed = 0;   ///< the collector refused them, or did not answer
  };
  totals counted() const { return {exported_, dropped_, failed_}; }

 private:
  void run();
  void send(const std::vector<span>& spans);
  void tell(const std::string& trouble);

  const trace_settings settings_;
  const std::string node_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::vector<span> waiting_;
  bool stopping_ = false;
  std::atomic<uint64_t> exported_{0}, dropped_{0}, failed_{0};
  std::string told_;  ///< the trouble that was spoken of last
  struct channel;
  std::unique_ptr<channel> channel_;
  std::thread thread_;
};

}  // namespace pusher
