// The few long requests that are served on threads of their own: how many, and their end.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "conf/settings.hpp"
#include "http/connection.hpp"
#include "http/exchange.hpp"

namespace pusher::http {

/// Whether the request is served as a stream from its body on: `POST /v1/devices:import`.
bool is_import(const request& asked);
/// Whether its answer is a stream of lines: a `:export`.
bool is_export(const request& asked);

class stream_pool {
 public:
  stream_pool(dispatcher& target, const limits_settings& limits);
  ~stream_pool();

  /// Takes one of the places, of which one API key gets at most half; false when none is left for it.
  bool reserve(const request& asked);
  void give_back(const request& asked);
  /// Serves the request in the place that was reserved. `early` is what arrived behind the head.
  void start(detached_socket taken, request_head head, std::string early);
  /// Cancels all and waits for their threads.
  void stop();
  size_t open() const { return open_.load(); }

  static constexpr size_t most_streams = 16;
  static constexpr size_t most_of_one_key = 8;

 private:
  struct thread_entry {
    std::thread thread;
    std::atomic<bool> done{false};
  };
  using holder = size_t;  ///< hash of the key; it was not looked at yet, so a wrong one counts as well
  static holder holder_of(const request& asked);
  void leave(holder who);
  void join_finished();

  dispatcher& target_;
  const std::chrono::seconds most_silence_;
  std::atomic<bool> canceled_{false};
  std::atomic<size_t> open_{0};
  std::mutex places_mutex_;
  std::unordered_map<holder, size_t> places_;
  std::mutex mutex_;
  std::list<thread_entry> threads_;
};

}  // namespace pusher::http
