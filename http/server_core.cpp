#include "http/server_core.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "http/connection.hpp"
#include "http/progress_hub.hpp"
#include "http/stream_pool.hpp"

namespace pusher::http {

server_core::server_core(const limits_settings& bounds, dispatcher& to, const health_source* asked,
                         std::vector<std::string> origins, std::optional<unsigned> traced)
    : limits(bounds),
      target(to),
      health(asked),
      most_connections(64 + size_t{4} * bounds.concurrent_requests),
      allowed_origins(std::move(origins)),
      trace_percent(traced),
      request_bytes(bounds.request_bytes_in_memory),
      waiting_requests(bounds.concurrent_requests),
      unsent_bytes(bounds.request_bytes_in_memory),
      streams(std::make_unique<stream_pool>(to, bounds)),
      progress(std::make_unique<progress_hub>(to, bounds)),
      caretaker_wakes(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

server_core::~server_core() {
  close(caretaker_wakes);
}

void server_core::add(const std::shared_ptr<connection>& opened) {
  std::lock_guard<std::mutex> guard(mutex_);
  open_[opened.get()] = opened;
}

void server_core::remove(const connection* closed) {
  std::lock_guard<std::mutex> guard(mutex_);
  open_.erase(closed);
}

std::vector<std::shared_ptr<connection>> server_core::open_connections() const {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<std::shared_ptr<connection>> all;
  all.reserve(open_.size());
  for (const auto& [key, each] : open_)
    all.push_back(each);
  return all;
}

size_t server_core::open_count() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return open_.size();
}

void server_core::finish_later(std::shared_ptr<connection> slow) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    slow_.push_back(std::move(slow));
  }
  wake_caretaker();
}

std::vector<std::shared_ptr<connection>> server_core::take_slow() {
  std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(slow_, {});
}

void server_core::wake_caretaker() const {
  eventfd_write(caretaker_wakes, 1);
}

}  // namespace pusher::http
