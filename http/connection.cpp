#include "http/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "http/pending_exchange.hpp"
#include "http/problem.hpp"
#include "http/progress_hub.hpp"
#include "http/stream_pool.hpp"
#include "http/text.hpp"
#include "model/ids.hpp"

namespace pusher::http {

namespace {

using std::chrono::seconds;

constexpr auto longest_wait_for_answer = seconds(120);
constexpr auto longest_stall = seconds(10);  // of a client that does not read its answer
constexpr auto longest_linger = seconds(2);
constexpr size_t most_dropped_bytes = 64 * 1024 * 1024;
constexpr size_t kept_buffer_bytes = 16 * 1024;
constexpr std::string_view continue_bytes = "HTTP/1.1 100 Continue\r\n\r\n";

refusal overloaded(const char* detail) {
  return {503, {errc::overloaded, detail, "", 1}};
}

}  // namespace

connection::connection(std::shared_ptr<server_core> core, int descriptor, std::string remote_address)
    : core_(std::move(core)),
      remote_address_(std::move(remote_address)),
      descriptor_(descriptor),
      deadline_(clock::now() + seconds(core_->limits.http_header_seconds)) {}

connection::~connection() {
  core_->request_bytes.give_back(charged_);
  core_->unsent_bytes.give_back(owed_);
}

// -- reading --

void connection::received(std::string_view input, socket_owner& owner) {
  exchange_ptr complete;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    complete = take(input, owner);
  }
  // Outside the mutex, because the dispatcher may answer before it returns.
  if (complete) hand_over(complete);
}

void connection::disconnected() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    phase_ = phase::closed;
    descriptor_ = -1;
  }
  core_->remove(this);
}

connection::exchange_ptr connection::take(std::string_view input, socket_owner& owner) {
  switch (phase_) {
    case phase::closed:
    case phase::detached:
      return nullptr;
    case phase::lingering:
      dropped_bytes_ += input.size();
      if (dropped_bytes_ > most_dropped_bytes) shut_down();
      return nullptr;
    case phase::waiting:
    case phase::sending:
      drop_while_busy(input);
      return nullptr;
    case phase::idle:
      enter(phase::head, seconds(core_->limits.http_header_seconds));
      [[fallthrough]];
    case phase::head:
      return take_head(input, owner);
    case phase::body:
      return take_body(input, owner);
  }
  return nullptr;
}

connection::exchange_ptr connection::take_head(std::string_view& input, socket_owner& owner) {
  auto before = parser_.buffered_bytes();
  switch (parser_.feed(input)) {
    case head_parser::state::incomplete:
      if (!charge(parser_.buffered_bytes() - before)) refuse(overloaded("Too many requests are in memory."));
      return nullptr;
    case head_parser::state::refused:
      refuse(parser_.why());
      return nullptr;
    case head_parser::state::complete:
      head_ = parser_.take_head();
      return begin_request(input, owner);
  }
  return nullptr;
}

connection::exchange_ptr connection::begin_request(std::string_view& input, socket_owner& owner) {
  auto& asked = head_.request;
  framing_ = frame_answers(asked, core_->allowed_origins, core_->trace_percent);
  framing_.keep_alive = head_.keep_alive;
  asked.remote_address = remote_address_;
  head_.head_only = framing_.head_only = asked.method == "HEAD";
  if (head_.head_only) asked.method = "GET";
  head_.framing = framing_;
  if (is_import(asked)) return stream(input, owner), nullptr;
  auto most = core_->limits.request_body_bytes;
  if (head_.content_length > most) {
    refuse({413, {errc::body_too_large, "A body may have " + std::to_string(most) + " bytes.", "", 0}});
    return nullptr;
  }
  if (length_is_charged() && !charge(static_cast<size_t>(head_.content_length)))
    return refuse(overloaded("Too many requests are in memory.")), nullptr;
  if (!head_.has_body()) return finish_request(input, owner);
  decoder_ = body_decoder(head_);
  enter(phase::body, seconds(core_->limits.http_body_seconds));
  if (head_.expects_continue && input.empty())
    ::send(descriptor_, continue_bytes.data(), continue_bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return take_body(input, owner);
}

connection::exchange_ptr connection::take_body(std::string_view& input, socket_owner& owner) {
  auto& body = head_.request.body;
  auto before = body.size();
  body_decoder::state reached;
  do {
    reached = decoder_.feed(input, body);
    if (reached == body_decoder::state::refused) return refuse(decoder_.why()), nullptr;
    if (auto most = core_->limits.request_body_bytes; body.size() > most) {
      refuse({413, {errc::body_too_large, "A body may have " + std::to_string(most) + " bytes.", "", 0}});
      return nullptr;
    }
  } while (decoder_.pending());
  if (!length_is_charged() && !charge(body.size() - before))
    return refuse(overloaded("Too many requests are in memory.")), nullptr;
  return reached == body_decoder::state::complete ? finish_request(input, owner) : nullptr;
}

connection::exchange_ptr connection::finish_request(std::string_view rest, socket_owner& owner) {
  decoder_ = {};
  if (is_export(head_.request)) return stream(rest, owner), nullptr;
  if (is_progress(head_.request)) return follow_progress(owner), nullptr;
  if (!core_->waiting_requests.take(1))
    return refuse(overloaded("Too many requests wait for answers.")), nullptr;
  enter(phase::waiting, longest_wait_for_answer);
  auto complete =
      std::make_shared<pending_exchange>(core_, shared_from_this(), ++number_, std::move(head_.request),
                                         std::move(head_.framing), std::exchange(charged_, 0));
  head_ = {};
  drop_while_busy(rest);
  return complete;
}

void connection::hand_over(const exchange_ptr& complete) {
  const auto& asked = complete->request();
  if (core_->health != nullptr && asks_for_health(asked))
    return complete->answer(health_answer(asked, *core_->health));
  if (core_->draining)
    return complete->answer(problem({errc::overloaded, "The node is ending; ask another.", "", 1}, asked));
  ++core_->requests;
  core_->target.dispatch(complete);
}

template <class Pool, class Start>
void connection::detach(Pool& pool, const char* all_taken, socket_owner& owner, const Start& start) {
  if (core_->draining) return refuse(overloaded("The node is ending; ask another."));
  if (!pool.reserve(head_.request)) return refuse(overloaded(all_taken));
  auto taken = owner.detach(descriptor_);
  if (taken.socket < 0) {
    pool.give_back(head_.request);
    return refuse(overloaded("Too many connections are open."));
  }
  core_->request_bytes.give_back(std::exchange(charged_, 0));
  enter(phase::detached, clock::duration::zero());
  start(taken);
}

void connection::stream(std::string_view rest, socket_owner& owner) {
  detach(*core_->streams, "Too many imports and exports are under way.", owner,
         [&](detached_socket taken) { core_->streams->start(taken, std::move(head_), std::string(rest)); });
}

void connection::follow_progress(socket_owner& owner) {
  detach(*core_->progress, "Too many clients follow the progress of notifications.", owner,
         [&](detached_socket taken) { core_->progress->start(taken, std::move(head_)); });
}

void connection::drop_while_busy(std::string_view input) {
  // Some clients put an empty line behind a body; that asks for nothing.
  if (input.find_first_not_of("\r\n") != std::string_view::npos) input_while_busy_ = true;
}

bool connection::charge(size_t bytes) {
  if (!core_->request_bytes.take(bytes)) return false;
  charged_ += bytes;
  return true;
}

// -- answering --

void connection::answer(uint64_t number, response answer, answer_framing framing) {
  framing.keep_alive = framing.keep_alive && !core_->draining;
  // Before the mutex is taken: to compress a long answer takes a while.
  auto bytes = to_bytes(std::move(answer), framing);
  std::lock_guard<std::mutex> guard(mutex_);
  if (phase_ != phase::waiting || number != number_) {
    ++core_->without_client;
    return;
  }
  if (framing.keep_alive && input_while_busy_) {
    // The first answer stays whole and in order; what came behind it is refused.
    framing_ = {};
    bytes +=
        refusal_bytes({400, {errc::malformed_request, "Wait for an answer before the next request.", "", 0}});
    framing.keep_alive = false;
  }
  send(std::move(bytes), framing.keep_alive);
}

std::string connection::refusal_bytes(const refusal& why) {
  ++core_->refused;
  request about;
  about.path = head_.request.path;
  auto framing = framing_;
  framing.keep_alive = false;
  if (framing.request_id.empty()) framing.request_id = make_uuid_v7();
  about.request_id = framing.request_id;
  return to_bytes(problem(why.status, why.why, about), framing);
}

void connection::refuse(const refusal& why) {
  auto bytes = refusal_bytes(why);
  core_->request_bytes.give_back(std::exchange(charged_, 0));
  parser_.reset();
  head_ = {};
  send(std::move(bytes), false);
}

void connection::send(std::string bytes, bool keep_alive) {
  unsent_ = std::move(bytes);
  sent_bytes_ = 0;
  keep_alive_ = keep_alive;
  enter(phase::sending, longest_stall);
  if (flush() || phase_ != phase::sending) return;
  auto rest = unsent_.size() - sent_bytes_;
  if (!core_->unsent_bytes.take(rest)) return shut_down();
  owed_ = rest;
  core_->finish_later(shared_from_this());
}

/// Sends what the socket takes; true when the whole answer is on its way.
bool connection::flush() {
  while (sent_bytes_ < unsent_.size()) {
    auto count = ::send(descriptor_, unsent_.data() + sent_bytes_, unsent_.size() - sent_bytes_,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent_bytes_ += static_cast<size_t>(count);
      deadline_ = clock::now() + longest_stall;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      shut_down();
      return false;
    }
  }
  sent();
  return true;
}

void connection::sent() {
  core_->unsent_bytes.give_back(std::exchange(owed_, 0));
  if (unsent_.capacity() > kept_buffer_bytes)
    std::string().swap(unsent_);
  else
    unsent_.clear();
  input_while_busy_ = false;
  framing_ = {};
  if (keep_alive_) return enter(phase::idle, seconds(core_->limits.http_keep_alive_seconds));
  ::shutdown(descriptor_, SHUT_WR);
  dropped_bytes_ = 0;
  enter(phase::lingering, longest_linger);
}

bool connection::send_more() {
  std::lock_guard<std::mutex> guard(mutex_);
  return phase_ == phase::sending && !flush() && phase_ == phase::sending;
}

// -- ending --

void connection::shut_down() {
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
  core_->unsent_bytes.give_back(std::exchange(owed_, 0));
  std::string().swap(unsent_);
  enter(phase::lingering, longest_linger);
}

void connection::cut() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (phase_ != phase::closed) shut_down();
}

void connection::cut_if_idle() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (phase_ == phase::idle || (phase_ == phase::head && !parser_.begun())) shut_down();
}

void connection::keep_time(clock::time_point now) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (now < deadline_) return;
  switch (phase_) {
    case phase::idle:
      return shut_down();
    case phase::head:
    case phase::body:
      ++core_->timed_out;
      if (phase_ == phase::head && !parser_.begun()) return shut_down();
      return refuse({408, {errc::malformed_request, "The request did not arrive in time.", "", 0}});
    case phase::waiting:
      ++core_->timed_out;
      ++number_;  // the late answer is dropped
      return refuse({503, {errc::timed_out, "", "", 1}});
    case phase::sending:
      ++core_->timed_out;
      return shut_down();
    case phase::lingering:
      return shut_down();
    case phase::detached:
    case phase::closed:
      return;
  }
}

int connection::descriptor() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return descriptor_;
}

connection::clock::time_point connection::waits_until() const {
  std::lock_guard<std::mutex> guard(mutex_);
  bool waits_for_us = phase_ == phase::waiting || phase_ == phase::detached || phase_ == phase::closed;
  return waits_for_us ? clock::time_point::max() : deadline_;
}

void connection::enter(phase next, clock::duration most) {
  phase_ = next;
  deadline_ = clock::now() + most;
}

}  // namespace pusher::http
