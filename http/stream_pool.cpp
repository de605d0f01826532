#include "http/stream_pool.hpp"

#include <functional>

#include "http/export_stream.hpp"
#include "http/import_stream.hpp"
#include "http/path.hpp"
#include "http/stream_connection.hpp"

namespace pusher::http {

bool is_import(const request& asked) {
  return asked.method == "POST" && asked.path == "/v1/devices:import";
}

bool is_export(const request& asked) {
  if (asked.path == "/v1/devices:export") return asked.method == "GET" || asked.method == "POST";
  return asked.method == "GET" &&
         (asked.path == "/v1/notifications:export" ||
          match("/v1/notifications/{id}/deliveries:export", asked.path).has_value() ||
          match("/v1/users/{user_id}:export", asked.path).has_value());
}

stream_pool::stream_pool(dispatcher& target, const limits_settings& limits)
    : target_(target), most_silence_(limits.http_body_seconds) {}

stream_pool::~stream_pool() {
  stop();
}

stream_pool::holder stream_pool::holder_of(const request& asked) {
  auto key = asked.headers.find("authorization");
  return key == asked.headers.end() ? 0 : std::hash<std::string>{}(key->second);
}

bool stream_pool::reserve(const request& asked) {
  std::lock_guard<std::mutex> guard(places_mutex_);
  auto who = holder_of(asked);
  auto found = places_.find(who);
  if (open_ >= most_streams || (found != places_.end() && found->second >= most_of_one_key)) return false;
  ++places_[who];
  ++open_;
  return true;
}

void stream_pool::give_back(const request& asked) {
  leave(holder_of(asked));
}

void stream_pool::leave(holder who) {
  std::lock_guard<std::mutex> guard(places_mutex_);
  if (--places_[who] == 0) places_.erase(who);
  --open_;
}

void stream_pool::start(detached_socket taken, request_head head, std::string early) {
  std::lock_guard<std::mutex> guard(mutex_);
  join_finished();
  auto& entry = threads_.emplace_back();
  auto serve = [this, &entry, taken, who = holder_of(head.request), asked = std::move(head),
                first = std::move(early)]() mutable {
    try {
      stream_connection connection(taken, asked, std::move(first), most_silence_, canceled_);
      if (is_export(asked.request))
        export_stream(connection, target_, std::move(asked.request), canceled_).run();
      else
        import_stream(connection, target_, std::move(asked.request), canceled_).run();
    } catch (const std::exception&) {
      // Out of memory, most likely. The client sees an answer that breaks off.
    }
    leave(who);
    entry.done = true;
  };
  entry.thread = std::thread(std::move(serve));
}

void stream_pool::join_finished() {
  for (auto each = threads_.begin(); each != threads_.end();) {
    if (!each->done) {
      ++each;
      continue;
    }
    each->thread.join();
    each = threads_.erase(each);
  }
}

void stream_pool::stop() {
  canceled_ = true;
  std::lock_guard<std::mutex> guard(mutex_);
  for (auto& each : threads_)
    each.thread.join();
  threads_.clear();
}

}  // namespace pusher::http
