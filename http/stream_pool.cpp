#include "http/stream_pool.hpp"

#include "http/export_stream.hpp"
#include "http/import_stream.hpp"
#include "http/stream_connection.hpp"

namespace pusher::http {

bool is_import(const request& asked) {
  return asked.method == "POST" && asked.path == "/v1/devices:import";
}

bool is_export(const request& asked) {
  return (asked.method == "GET" || asked.method == "POST") && asked.path == "/v1/devices:export";
}

stream_pool::stream_pool(dispatcher& target, const limits_settings& limits)
    : target_(target), most_silence_(limits.http_body_seconds) {}

stream_pool::~stream_pool() {
  stop();
}

bool stream_pool::reserve() {
  if (open_.fetch_add(1) < most_streams) return true;
  --open_;
  return false;
}

void stream_pool::give_back() {
  --open_;
}

void stream_pool::start(detached_socket taken, request_head head, std::string early) {
  std::lock_guard<std::mutex> guard(mutex_);
  join_finished();
  auto& entry = threads_.emplace_back();
  auto serve = [this, &entry, taken, asked = std::move(head), first = std::move(early)]() mutable {
    try {
      stream_connection connection(taken, asked, std::move(first), most_silence_, canceled_);
      if (is_export(asked.request))
        export_stream(connection, target_, std::move(asked.request), canceled_).run();
      else
        import_stream(connection, target_, std::move(asked.request), canceled_).run();
    } catch (const std::exception&) {
      // Out of memory, most likely. The client sees an answer that breaks off.
    }
    give_back();
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
