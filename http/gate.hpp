// What every request passes on its way from the server to the api actors: limits per key and per address, and
// a fair order. Costs a request a few lookups in memory and no store.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "conf/settings.hpp"
#include "http/exchange.hpp"
#include "http/fair_queue.hpp"
#include "http/key_ring.hpp"

namespace pusher::http {

/// Whether the request reads or writes many devices: such must not hold up the others.
bool is_long(const request& asked);

/// Called on the server's I/O threads and on those that answer. It must outlive the requests that pass it,
/// and its target until close().
class gate final : public dispatcher {
 public:
  /// How many requests may be with the actors at a time.
  struct windows {
    size_t quick = 512;
    size_t slow = 4;
  };
  /// `refused` is told of each request that is answered here, with its status.
  gate(dispatcher& target, key_ring& keys, const limits_settings& limits, windows open,
       std::function<void(int)> refused);
  ~gate() override;

  void dispatch(std::shared_ptr<exchange> asked) override;
  /// Answers what still waits; from now on nothing is passed on.
  void close();

 private:
  class passing;  // a request on its way, which leaves the gate when it is answered
  enum class line : uint8_t {
    quick,
    slow,    ///< see is_long()
    patient  ///< waits for others and keeps no actor busy meanwhile
  };
  static line line_of(const request& asked);
  friend class passing;

  bool enter(uint64_t caller, bool always);
  fair_queue& queue_of(line of) { return queues_[static_cast<size_t>(of)]; }
  void leave(uint64_t caller, line of);
  void pass(uint64_t caller, line of, std::shared_ptr<exchange> asked);
  void pump();
  void refuse(const std::shared_ptr<exchange>& asked, const error& why, const key_ring::admission& admitted);

  dispatcher& target_;
  key_ring& keys_;
  const size_t most_, most_of_one_;
  const std::function<void(int)> refused_;

  std::mutex mutex_;
  size_t within_ = 0;
  std::unordered_map<uint64_t, size_t> of_caller_;
  std::array<fair_queue, 3> queues_;  ///< by line
  bool pumping_ = false;
  bool closed_ = false;
};

}  // namespace pusher::http
