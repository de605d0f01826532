#include "transports/h2_session.hpp"

#include <nghttp2/nghttp2.h>
#include <algorithm>
#include <charconv>
#include <cstring>

namespace pusher::h2 {

namespace {

/// Answers are small and many: a wide window for the whole connection saves WINDOW_UPDATE frames.
constexpr int32_t connection_window_bytes = 16 * 1024 * 1024;
/// What RFC 9113 lets a client assume before the peer's SETTINGS arrive is no limit; front ends allow 100.
constexpr uint32_t assumed_streams = 100;
constexpr uint32_t unlimited_streams = 0xffff'ffff;  // what nghttp2 says before the peer states a number
/// More at a time on one connection gains nothing, even if the peer allows any number.
constexpr uint32_t most_streams = 1000;
constexpr size_t frame_header_bytes = 9;
const std::string method_name = ":method";
const std::string method_value = "POST";
/// Ids of streams are never used again; a connection that has used this many is replaced.
constexpr uint32_t last_stream_id = (1u << 31) - 1'000'000;

std::string_view text(const uint8_t* bytes, size_t count) {
  return {reinterpret_cast<const char*>(bytes), count};
}

// nghttp2's structures are not const-correct; it never writes to what these point to.
uint8_t* bytes_of(const std::string& value) {
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(value.data()));  // NOLINT
}

/// Copies what a payload holds from `from` on, `room` bytes at most.
size_t copy_payload(const exchange& request, size_t from, uint8_t* into, size_t room) {
  size_t copied = 0;
  for (std::string_view piece : request.payload) {
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    size_t count = std::min(piece.size() - from, room - copied);
    std::memcpy(into + copied, piece.data() + from, count);
    copied += count;
    from = 0;
    if (copied == room) break;
  }
  return copied;
}

}  // namespace

/// nghttp2's callbacks: they find the exchange of a stream and note what the frame says.
struct session::callbacks {
  static session& self(void* user_data) { return *static_cast<session*>(user_data); }

  static exchange* find(nghttp2_session* session, int32_t stream) {
    return static_cast<exchange*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name_bytes,
                       size_t name_size, const uint8_t* value_bytes, size_t value_size, uint8_t, void*) {
    exchange* request = find(session, frame->hd.stream_id);
    if (request == nullptr) return 0;
    auto name = text(name_bytes, name_size);
    auto value = text(value_bytes, value_size);
    if (name == ":status") {
      std::from_chars(value.data(), value.data() + value.size(), request->status);
    } else {
      take_header(*request, name, value);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* bytes, size_t count,
                     void*) {
    exchange* request = find(session, stream);
    if (request == nullptr || request->capped) return 0;
    if (!take_body(*request, text(bytes, count)))
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
          if (exchange* request = find(session, frame->hd.stream_id)) request->answer_ended = true;
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self(user_data).on_settings();
        break;
      case NGHTTP2_GOAWAY:
        self(user_data).going_away_ = true;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++self(user_data).pongs_;
        break;
      default:
        break;
    }
    return 0;
  }

  static int on_close(nghttp2_session* session, int32_t stream, uint32_t code, void* user_data) {
    exchange* request = find(session, stream);
    if (request == nullptr) return 0;
    auto how = self(user_data).ending_by_now(*request);
    // Also what nghttp2 closes the streams above a GOAWAY's last id with (RFC 9113, sections 6.8 and 8.7).
    if (code == NGHTTP2_REFUSED_STREAM && how != ending::answered) how = ending::unsent;
    self(user_data).finish(*request, how);
    return 0;
  }

  // A request for which nghttp2 opened no stream, e.g. as a GOAWAY had come: it never left.
  static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user_data) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    auto& own = self(user_data);
    for (exchange* request = own.oldest_; request != nullptr; request = request->newer) {
      if (request->stream != frame->hd.stream_id) continue;
      own.finish(*request, ending::unsent);
      break;
    }
    return 0;
  }

  static ssize_t read_payload(nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags,
                              nghttp2_data_source* source, void* user_data) {
    auto& request = *static_cast<exchange*>(source->ptr);
    size_t count = copy_payload(request, request.payload_done, into, room);
    request.payload_done += count;
    if (request.payload_done == request.payload_bytes()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      request.last_frame_at = self(user_data).produced_;
      request.last_frame_made = true;
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* made = [] {
      nghttp2_session_callbacks* fresh = nullptr;
      nghttp2_session_callbacks_new(&fresh);
      nghttp2_session_callbacks_set_on_header_callback(fresh, on_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, on_data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, on_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(fresh, on_close);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(fresh, on_not_sent);
      return fresh;
    }();
    return made;
  }
};

session::session(exchange_listener& listener) : http_session(listener) {
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_peer_max_concurrent_streams(options, assumed_streams);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_session_client_new2(&session_, callbacks::table(), this, options);
  nghttp2_option_del(options);
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window_bytes);
}

session::~session() {
  nghttp2_session_del(session_);
}

void session::submit(exchange& request, steady_time now) {
  begin(request, now);
  nghttp2_data_provider payload;
  payload.source.ptr = &request;
  payload.read_callback = callbacks::read_payload;
  // A stand-in, as large as nghttp2 needs to know that answers may have bodies: see put_own_head().
  nghttp2_nv method{bytes_of(method_name), bytes_of(method_value), method_name.size(), method_value.size(),
                    0};
  request.stream = nghttp2_submit_request(session_, nullptr, &method, 1, &payload, &request);
  if (request.stream < 0) finish(request, ending::unsent);
}

size_t session::expire(steady_time limit) {
  size_t count = 0;
  while (oldest_ != nullptr && oldest_->started < limit) {
    exchange& late = *oldest_;
    nghttp2_session_set_stream_user_data(session_, late.stream, nullptr);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, late.stream, NGHTTP2_CANCEL);
    finish(late, ending_by_now(late));
    ++count;
  }
  return count;
}

void session::abandon() {
  while (oldest_ != nullptr) {
    exchange& lost = *oldest_;
    nghttp2_session_set_stream_user_data(session_, lost.stream, nullptr);
    lost.connection_lost = true;
    finish(lost, ending_by_now(lost));
  }
}

bool session::receive(const uint8_t* bytes, size_t count) {
  ssize_t taken = nghttp2_session_mem_recv(session_, bytes, count);
  if (taken < 0) {
    trouble_ = nghttp2_strerror(static_cast<int>(taken));
    return false;
  }
  return true;
}

size_t session::produce(uint8_t* into, size_t room) {
  size_t filled = 0;
  while (left_over_bytes_ > 0 || next_frame()) {
    if (left_over_bytes_ > room - filled) break;
    std::memcpy(into + filled, left_over_, left_over_bytes_);
    filled += left_over_bytes_;
    left_over_bytes_ = 0;
  }
  return filled;
}

bool session::next_frame() {
  ssize_t made = nghttp2_session_mem_send(session_, &left_over_);
  if (made < 0) trouble_ = nghttp2_strerror(static_cast<int>(made));
  if (made <= 0) return false;
  left_over_bytes_ = static_cast<size_t>(made);
  if (left_over_bytes_ > frame_header_bytes && left_over_[3] == NGHTTP2_HEADERS) put_own_head();
  produced_ += left_over_bytes_;
  return true;
}

/// Puts the head that the request asks for, in our own encoding, into the HEADERS frame that nghttp2 made;
/// all else of the frame stays. nghttp2 hands out one frame at a time, and the stand-in always fits into one.
void session::put_own_head() {
  int32_t stream = 0;
  for (size_t i = 5; i < frame_header_bytes; ++i)
    stream = stream << 8 | left_over_[i];
  std::string_view block;
  if (exchange* request = callbacks::find(session_, stream)) {
    last_head_ = request->head;
    last_needs_path_ = !request->path.empty();
    block = heads_.encode(last_head_, request->path, request->own);
  } else if (last_head_) {
    // Its exchange is over; only a well-formed head keeps the connection's table in step.
    block = heads_.encode(last_head_, last_needs_path_ ? "/" : "", {});
  } else {
    return;
  }
  head_frame_.assign(text(left_over_, frame_header_bytes));
  for (size_t i = 0; i < 3; ++i)
    head_frame_[i] = static_cast<char>(block.size() >> (16 - 8 * i) & 0xff);
  head_frame_.append(block);
  left_over_ = reinterpret_cast<const uint8_t*>(head_frame_.data());
  left_over_bytes_ = head_frame_.size();
}

bool session::over() const {
  return left_over_bytes_ == 0 && nghttp2_session_want_read(session_) == 0 &&
         nghttp2_session_want_write(session_) == 0;
}

void session::on_settings() {
  settings_received_ = true;
  heads_.limit_table(nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_HEADER_TABLE_SIZE));
}

void session::ping() {
  if (nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr) == 0) ++pings_sent_;
}

void session::say_goodbye() {
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

size_t session::max_streams() const {
  auto stated = nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  // A peer that states nothing allows any number; more than is usual would only pile up in front of it, and
  // every open stream is a push that a crash may double.
  return stated == unlimited_streams ? assumed_streams : std::min(most_streams, stated);
}

bool session::exhausted() const {
  return nghttp2_session_get_next_stream_id(session_) > last_stream_id;
}

}  // namespace pusher::h2
