// What all connections of a server share: limits, counters, budgets. Internal to http/.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "conf/settings.hpp"
#include "http/exchange.hpp"
#include "http/health.hpp"

namespace pusher::http {

class connection;
class progress_hub;
class stream_pool;

/// Bytes or slots of which there are only so many.
class budget {
 public:
  explicit budget(size_t most) : most_(most) {}
  bool take(size_t count) {
    if (used_.fetch_add(count) + count <= most_) return true;
    used_.fetch_sub(count);
    return false;
  }
  void give_back(size_t count) { used_.fetch_sub(count); }
  size_t used() const { return used_.load(); }

 private:
  const size_t most_;
  std::atomic<size_t> used_{0};
};

struct server_core {
  server_core(const limits_settings& bounds, dispatcher& to, const health_source* asked,
              std::vector<std::string> origins, std::optional<unsigned> traced);
  ~server_core();

  const limits_settings limits;
  dispatcher& target;
  const health_source* const health;
  const size_t most_connections;
  const std::vector<std::string> allowed_origins;  ///< of pages that may read answers
  const std::optional<unsigned> trace_percent;     ///< see frame_answers

  budget request_bytes;
  budget waiting_requests;
  budget unsent_bytes;  ///< of answers that their clients do not read
  std::atomic<bool> draining{false};
  std::atomic<uint64_t> connections{0}, requests{0}, refused{0}, without_client{0}, timed_out{0};
  std::unique_ptr<stream_pool> streams;
  std::unique_ptr<progress_hub> progress;

  // -- the connections that Pistache knows --
  void add(const std::shared_ptr<connection>& opened);
  void remove(const connection* closed);
  std::vector<std::shared_ptr<connection>> open_connections() const;
  size_t open_count() const;

  // -- connections whose client reads slowly; the caretaker finishes what they are owed --
  void finish_later(std::shared_ptr<connection> slow);
  std::vector<std::shared_ptr<connection>> take_slow();
  void wake_caretaker() const;
  const int caretaker_wakes;  ///< an eventfd

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const connection*, std::shared_ptr<connection>> open_;
  std::vector<std::shared_ptr<connection>> slow_;
};

}  // namespace pusher::http
