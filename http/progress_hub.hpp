// Everyone who follows a notification's progress, on one thread: each notification is asked for once, however
// many watch it, and each watcher costs a socket and one event's bytes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "conf/settings.hpp"
#include "http/exchange.hpp"
#include "http/progress_notes.hpp"
#include "http/progress_watcher.hpp"

namespace pusher::http {

/// Whether the request is served as a stream of events: `GET /v1/notifications/{id}/progress`.
bool is_progress(const request& asked);

class progress_hub {
 public:
  progress_hub(dispatcher& target, const limits_settings& limits);
  ~progress_hub();

  /// Takes one of the places; false when all are taken.
  bool reserve(const request& asked);
  void give_back(const request&) { --open_; }
  /// Serves the request in the place that was reserved.
  void start(detached_socket taken, request_head head);
  /// Ends all streams and the thread.
  void stop();
  size_t open() const { return open_.load(); }

 private:
  using clock = std::chrono::steady_clock;
  struct mailbox;  ///< where answers arrive, from any thread
  class question;  ///< a request whose answer goes there
  /// A notification that is watched.
  struct topic {
    std::vector<uint64_t> watchers;
    size_t next_asker = 0;
    uint64_t asked_as = 0;  ///< who asks just now; 0 = nobody
    clock::time_point asked_at, due;
  };

  struct entry {
    std::unique_ptr<progress_watcher> watcher;
    std::string path;  ///< the topic's name
    clock::time_point last_beat;
    bool writes = false;  ///< the socket is watched for room
    bool half_closed = false;
    clock::time_point since;
  };

  void run();
  void wait();
  void take_new();
  void take_answers();
  void first_answer(uint64_t number, entry& of, const response& answer);
  void answered(uint64_t number, entry& of, const response& answer);
  static void tell(progress_watcher& watcher, const progress_news& news);
  void ask(uint64_t watcher);
  void ask_what_is_due();
  void keep_time();
  void remove_over();
  void watch_socket(uint64_t number, const entry& of);
  void leave_topic(uint64_t number, const std::string& path);
  clock::duration interval() const;

  dispatcher& target_;
  const size_t most_;
  const std::chrono::seconds most_silence_;
  std::atomic<size_t> open_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<progress_watcher>> new_;
  std::thread thread_;  ///< runs since the first watcher
  const std::shared_ptr<mailbox> answers_;

  // -- of the thread --
  const int epoll_;
  uint64_t last_number_ = 0;
  std::map<uint64_t, entry> watchers_;
  std::map<std::string, topic> topics_;  ///< by path
  clock::time_point next_look_;
};

}  // namespace pusher::http
