#include "http/progress_watcher.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iterator>

#include "http/response_text.hpp"

namespace pusher::http {

namespace {

/// Only what it takes to ask again and again.
request_head essence_of(request_head head) {
  auto& asked = head.request;
  std::string().swap(asked.body);
  for (auto each = asked.headers.begin(); each != asked.headers.end();)
    each = each->first == "authorization" || each->first == "last-event-id" ? std::next(each)
                                                                            : asked.headers.erase(each);
  head.framing.keep_alive = false;
  return head;
}

}  // namespace

progress_watcher::progress_watcher(detached_socket taken, request_head head)
    : taken_(taken), head_(essence_of(std::move(head))), chunked_(!head_.http_1_0) {
  auto named = head_.request.headers.find("last-event-id");
  if (named != head_.request.headers.end()) last_event_ = named->second.substr(0, 64);
}

progress_watcher::~progress_watcher() {
  if (!lost_) {
    // What the client sent meanwhile and nobody read would make a reset of the end.
    char ignored[4096];
    shutdown(taken_.socket, SHUT_WR);
    while (recv(taken_.socket, ignored, sizeof ignored, MSG_DONTWAIT) > 0) {
    }
  }
  close(taken_.socket);
  close(taken_.guard);
}

void progress_watcher::refuse(const response& with) {
  ending_ = true;
  queue(to_bytes(with, head_.framing));
  flush();
}

void progress_watcher::begin() {
  begun_ = true;
  response head;
  head.content_type = "text/event-stream";
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Accel-Buffering", "no");  // proxies that gather answers are asked not to
  queue(streamed_head(head, head_.framing, chunked_));
  if (head_.head_only)
    ending_ = true;
  else
    write("retry: 2000\n\n");
  flush();
}

void progress_watcher::tell(std::string_view name, const std::string& id, std::string_view data) {
  if (ending_ || id == last_event_) return;
  next_ = {std::string(name), id, std::string(data)};
  if (!wants_to_write()) write_event();
  flush();
}

void progress_watcher::beat() {
  if (wants_to_write() || ending_) return;
  write(": still here\n\n");
  flush();
}

void progress_watcher::end() {
  if (ending_) return;
  // The last event is owed in any case: it says that no more will come.
  if (!next_.name.empty()) write_event();
  if (chunked_ && begun_) queue("0\r\n\r\n");
  ending_ = true;
  flush();
}

void progress_watcher::write_event() {
  last_event_ = next_.id;
  write("id: " + next_.id + "\nevent: " + next_.name + "\ndata: " + next_.data + "\n\n");
  next_ = {};
}

void progress_watcher::write(std::string_view bytes) {
  if (!chunked_) return queue(bytes);
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  queue(std::string(size).append(bytes).append("\r\n"));
}

void progress_watcher::queue(std::string_view bytes) {
  if (!wants_to_write()) last_moved_ = clock::now();
  unsent_ += bytes;
}

void progress_watcher::flush() {
  while (!lost_ && wants_to_write()) {
    auto count =
        ::send(taken_.socket, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (count <= 0) {
      lost_ = true;
      return;
    }
    last_moved_ = clock::now();
    sent_ += static_cast<size_t>(count);
    if (wants_to_write()) continue;
    unsent_.clear();
    sent_ = 0;
    if (!next_.name.empty()) write_event();
  }
}

}  // namespace pusher::http
