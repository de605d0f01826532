#include "tests/emulator/h2_session.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <nghttp2/nghttp2.h>

namespace pusher::emulator {

namespace {

// What Google's front end announces.
constexpr uint32_t stream_window_bytes = 1 << 20;
constexpr uint32_t header_list_bytes = 64 * 1024;

uint8_t* bytes(const char* text) {
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text));
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  return {bytes(name.data()), bytes(value.data()), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

std::string_view view(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

bool has_bit(uint64_t bits, int number) {
  return number >= 0 && number < 64 && (bits >> number & 1) != 0;
}

}  // namespace

struct h2_session::stream {
  request asked;
  reply answer;
  size_t body_sent = 0;
  bool waiting_for_delay = false;
  int field_number = 0;  ///< of the header block's next field
  int path_field = 0;
  int authorization_field = -1;
  char status[8] = {};  ///< text of the answer's numbers; must live until the headers are written
  char retry_after[16] = {};
};

struct h2_session::callbacks {
  static h2_session& self(void* user_data) { return *static_cast<h2_session*>(user_data); }

  static stream* stream_of(nghttp2_session* session, int32_t id) {
    return static_cast<stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    // After GOAWAY the client may send these elsewhere: nghttp2 closes them when the frame leaves.
    if (frame->hd.stream_id > self(user_data).last_accepted_stream_) return 0;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
                                         self(user_data).open_stream(frame->hd.stream_id));
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    auto name_text = view(name, name_size), text = view(value, value_size);
    int number = stream->field_number++;
    if (name_text == ":path") {
      stream->asked.path = text;
      stream->path_field = number;
    } else if (name_text == ":method") {
      stream->asked.method = text;
    } else {
      if (name_text == "authorization") stream->authorization_field = number;
      stream->asked.take_header(name_text, text);
    }
    return 0;
  }

  /// Only so that the fields keep their numbers: nghttp2 leaves the field out.
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    if (auto* stream = stream_of(session, frame->hd.stream_id)) ++stream->field_number;
    return 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int code, void* user_data) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto& session = self(user_data);
    bool beyond = code == NGHTTP2_ERR_REFUSED_STREAM ||
                  (code == NGHTTP2_ERR_PROTO && session.open_streams() >= session.stream_limit());
    if (beyond) ++session.shared_.stats.stream_violations;
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                     void* user_data) {
    auto* stream = stream_of(session, id);
    if (!stream || id > self(user_data).last_accepted_stream_) return 0;
    auto& asked = stream->asked;
    asked.body_too_large = asked.body_too_large || asked.body.size() + size > body_limit_bytes;
    if (!asked.body_too_large) asked.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_HEADERS) {
      uint64_t dynamic = self(user_data).hpack_.take_block(frame->hd.stream_id);
      if (stream && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        stream->asked.indexed_what_it_must_not =
            has_bit(dynamic, stream->path_field) || has_bit(dynamic, stream->authorization_field);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    if (!stream || frame->hd.stream_id > self(user_data).last_accepted_stream_) return 0;
    return self(user_data).request_complete(*stream) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int on_stream_close(nghttp2_session* session, int32_t id, uint32_t, void* user_data) {
    if (auto* stream = stream_of(session, id)) self(user_data).close_stream(stream);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, int32_t, uint8_t* to, size_t room, uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<h2_session::stream*>(source->ptr);
    const auto& body = stream.answer.body;
    size_t whole = body.size() + stream.answer.filler_bytes;
    size_t size = std::min(room, whole - stream.body_sent);
    size_t from_body = stream.body_sent < body.size() ? std::min(size, body.size() - stream.body_sent) : 0;
    if (from_body > 0) std::memcpy(to, body.data() + stream.body_sent, from_body);
    if (size > from_body) std::memset(to + from_body, 'x', size - from_body);
    stream.body_sent += size;
    if (stream.body_sent == whole) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* all = nullptr;
      nghttp2_session_callbacks_new(&all);
      nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(all, on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(all, on_invalid_header);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(all, on_invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
      return all;
    }();
    return made;
  }

  static nghttp2_option* session_options() {
    static nghttp2_option* const made = [] {
      nghttp2_option* all = nullptr;
      nghttp2_option_new(&all);
      nghttp2_option_set_no_closed_streams(all, 1);
      // Clients that reset each finished stream (libcurl 7.88) are not what we are here to punish.
      nghttp2_option_set_stream_reset_rate_limit(all, 1'000'000, 1'000'000);
      return all;
    }();
    return made;
  }
};

h2_session::h2_session(services& shared, const peer& client) : shared_(shared), client_(client) {
  nghttp2_session_server_new2(&session_, callbacks::table(), this, callbacks::session_options());
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, stream_limit()},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_bytes},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, stream_window_bytes);
}

h2_session::~h2_session() {
  nghttp2_session_del(session_);
  shared_.stats.open_streams -= streams_.size() - idle_.size();
}

h2_session::stream* h2_session::open_stream(int32_t id) {
  if (idle_.empty()) {
    streams_.push_back(std::make_unique<stream>());
    idle_.push_back(streams_.back().get());
  }
  auto* opened = idle_.back();
  idle_.pop_back();
  opened->asked.clear();
  opened->asked.connection = client_.connection;
  opened->asked.sandbox = client_.sandbox;
  opened->asked.known_certificate = client_.known_certificate;
  opened->asked.stream = id;
  opened->field_number = opened->path_field = 0;
  opened->authorization_field = -1;
  opened->body_sent = 0;
  opened->waiting_for_delay = false;
  auto& stats = shared_.stats;
  stats.max_open_streams = std::max(stats.max_open_streams, ++stats.open_streams);
  return opened;
}

void h2_session::close_stream(stream* closed) {
  idle_.push_back(closed);
  --shared_.stats.open_streams;
}

bool h2_session::request_complete(stream& complete) {
  if (shared_.google.holds(complete.asked)) return held_.push_back(complete.asked.stream), true;
  return process(complete);
}

bool h2_session::process(stream& complete) {
  const auto& settings = shared_.settings;
  shared_.google.handle(complete.asked, complete.answer, wall_clock_us());
  last_processed_stream_ = std::max(last_processed_stream_, complete.asked.stream);
  ++requests_;
  if (complete.answer.credentials_good) raise_stream_limit();
  if (settings.drop_every > 0 && requests_ >= settings.drop_every) return false;
  // Streams opened so far are served to their end; the client sends later ones over another connection.
  if (settings.goaway_every > 0 && requests_ == settings.goaway_every)
    say_goaway(nghttp2_session_get_last_proc_stream_id(session_));
  if (settings.goaway_cut > 0 && requests_ == settings.goaway_cut) say_goaway(last_processed_stream_);
  if (complete.answer.delayed && shared_.google.delay_ms() > 0) {
    complete.waiting_for_delay = true;
    shared_.put_off(client_.connection, complete.asked.stream);
  } else {
    send_answer(complete);
  }
  return true;
}

uint32_t h2_session::stream_limit() const {
  const auto& settings = shared_.settings;
  return stream_limit_raised_ || settings.first_streams == 0 ? settings.max_streams : settings.first_streams;
}

void h2_session::raise_stream_limit() {
  if (stream_limit_raised_ || shared_.settings.first_streams == 0) return;
  stream_limit_raised_ = true;
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, stream_limit()}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

/// nghttp2 closes open streams above `last_stream` when the frame leaves; until then we look at none of them.
void h2_session::say_goaway(int32_t last_stream) {
  static constexpr std::string_view reason = "graceful_shutdown";
  last_accepted_stream_ = last_stream;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, NGHTTP2_NO_ERROR, bytes(reason.data()),
                        reason.size());
}

void h2_session::go_away() {
  if (last_accepted_stream_ != INT32_MAX) return;
  std::vector<int32_t> open;
  for (const auto& each : streams_)
    if (std::find(idle_.begin(), idle_.end(), each.get()) == idle_.end()) open.push_back(each->asked.stream);
  std::sort(open.begin(), open.end());
  // What was processed cannot be taken back.
  int32_t last = last_processed_stream_;
  if (!open.empty()) last = std::max(last, open.size() < 2 ? 0 : open[open.size() / 2 - 1]);
  say_goaway(last);
  process_held(last);
}

void h2_session::release() {
  process_held(last_accepted_stream_);
}

void h2_session::process_held(int32_t last_stream) {
  auto held = std::move(held_);
  held_.clear();
  for (int32_t id : held) {
    auto* complete = callbacks::stream_of(session_, id);
    if (complete && id <= last_stream && id <= last_accepted_stream_ && !process(*complete)) dropped_ = true;
  }
}

void h2_session::send_answer(stream& answered) {
  const auto& answer = answered.answer;
  int32_t id = answered.asked.stream;
  switch (answer.kind) {
    case reply_kind::silence:
      return;
    case reply_kind::reset:
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
      return;
    case reply_kind::refuse:
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
      return;
    case reply_kind::answer:
      break;
  }
  auto number = [](char* to, size_t room, int value) -> std::string_view {
    return {to, static_cast<size_t>(std::to_chars(to, to + room, value).ptr - to)};
  };
  nghttp2_nv headers[6];
  size_t count = 0;
  auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) headers[count++] = header(name, value);
  };
  add(":status", number(answered.status, sizeof answered.status, answer.status));
  add("content-type", answer.content_type);
  if (answer.retry_after_seconds > 0)
    add("retry-after", number(answered.retry_after, sizeof answered.retry_after, answer.retry_after_seconds));
  add("www-authenticate", answer.www_authenticate);
  add("apns-id", answer.apns_id);
  add("location", answer.location);
  nghttp2_data_provider body{{}, callbacks::read_body};
  body.source.ptr = &answered;
  bool empty = answer.body.empty() && answer.filler_bytes == 0;
  nghttp2_submit_response(session_, id, headers, count, empty ? nullptr : &body);
}

void h2_session::answer_now(int32_t id) {
  auto* answered = callbacks::stream_of(session_, id);
  if (!answered || !answered->waiting_for_delay) return;
  answered->waiting_for_delay = false;
  send_answer(*answered);
}

bool h2_session::receive(const uint8_t* data, size_t size) {
  hpack_.see(data, size);
  return nghttp2_session_mem_recv(session_, data, size) >= 0;
}

bool h2_session::produce(std::string& output, size_t enough) {
  if (dropped_) return false;
  while (output.size() < enough) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return false;
    if (size == 0) break;
    output.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  }
  return true;
}

bool h2_session::finished() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace pusher::emulator
