// One client that follows a notification: its socket, and what it is owed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/connection.hpp"
#include "http/exchange.hpp"

namespace pusher::http {

/// Never blocks, and keeps at most one event: a client that reads slower than things happen gets the newest.
class progress_watcher {
 public:
  using clock = std::chrono::steady_clock;

  progress_watcher(detached_socket taken, request_head head);
  /// Closes.
  ~progress_watcher();
  progress_watcher(const progress_watcher&) = delete;
  progress_watcher& operator=(const progress_watcher&) = delete;

  const request& asked() const { return head_.request; }
  int descriptor() const { return taken_.socket; }
  /// The id of the last event that the client has; empty = none.
  const std::string& last_event() const { return last_event_; }

  /// Answers the whole request and ends.
  void refuse(const response& with);
  /// Begins the stream.
  void begin();
  bool begun() const { return begun_; }
  /// Tells of the event unless the client has it; keeps it for later while the client does not read.
  void tell(std::string_view name, const std::string& id, std::string_view data);
  void beat();
  /// Ends the stream once what is owed is sent.
  void end();

  /// Sends what the socket takes.
  void flush();
  bool wants_to_write() const { return sent_ < unsent_.size(); }
  /// Nothing is left to do: it was ended and sent all, or the client has gone.
  bool over() const { return lost_ || (ending_ && !wants_to_write()); }
  void lose() { lost_ = true; }
  /// When the client last took something of what it is owed.
  clock::time_point last_moved() const { return last_moved_; }

 private:
  void write_event();
  void write(std::string_view bytes);
  void queue(std::string_view bytes);

  const detached_socket taken_;
  const request_head head_;
  const bool chunked_;
  std::string unsent_;
  size_t sent_ = 0;
  std::string last_event_;  ///< what is sent, or on its way
  struct {
    std::string name, id, data;  ///< the newest that waits for the client; no name = none
  } next_;
  clock::time_point last_moved_ = clock::now();
  bool begun_ = false, ending_ = false, lost_ = false;
};

}  // namespace pusher::http
