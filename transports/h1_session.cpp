#include "transports/h1_session.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pusher::h2 {

namespace {

constexpr size_t most_head_bytes = 64 * 1024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

void put_field(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

// -- requests --

void h1_session::submit(exchange& request, steady_time now) {
  begin(request, now);
  std::string_view path = request.path;
  std::string_view authority;
  for (auto& field : *request.head) {
    if (field.name == ":path" && path.empty()) path = field.value;
    if (field.name == ":authority") authority = field.value;
  }
  output_.append("POST ").append(path).append(" HTTP/1.1\r\n");
  put_field(output_, "host", authority);
  for (auto* fields : {&*request.head, const_cast<const request_head*>(&request.own)})
    for (auto& field : *fields)
      if (field.name[0] != ':') put_field(output_, field.name, field.value);
  put_field(output_, "content-length", std::to_string(request.payload_bytes()));
  output_ += "\r\n";
  for (auto piece : request.payload)
    output_ += piece;
  request.payload_done = request.payload_bytes();
  request.last_frame_at = produced_ + (output_.size() - written_) - 1;
  request.last_frame_made = true;
  at_ = part::head;
  sized_ = chunked_ = false;
}

/// There is no way to call one request back: the connection ends with it.
size_t h1_session::expire(steady_time limit) {
  if (oldest_ == nullptr || oldest_->started >= limit) return 0;
  over_ = true;
  finish(*oldest_, ending_by_now(*oldest_));
  return 1;
}

void h1_session::abandon() {
  over_ = true;
  if (oldest_ == nullptr) return;
  auto& lost = *oldest_;
  if (at_ == part::until_close) lost.answer_ended = true;
  lost.connection_lost = true;
  finish(lost, ending_by_now(lost));
}

// -- the wire --

size_t h1_session::produce(uint8_t* into, size_t room) {
  size_t count = std::min(room, output_.size() - written_);
  std::memcpy(into, output_.data() + written_, count);
  written_ += count;
  produced_ += count;
  if (written_ == output_.size()) {
    output_.clear();
    written_ = 0;
  }
  return count;
}

bool h1_session::receive(const uint8_t* bytes, size_t count) {
  if (over_) return true;
  input_.append(reinterpret_cast<const char*>(bytes), count);
  return parse();
}

bool h1_session::parse() {
  for (;;) {
    if (oldest_ == nullptr) return input_.empty() || fail("an answer to no request");
    auto before = std::make_pair(input_.size(), at_);
    bool good = at_ == part::head          ? parse_head()
                : at_ == part::body        ? parse_sized()
                : at_ == part::until_close ? keep_body(input_) && (input_.clear(), true)
                                           : parse_chunks();
    if (!good) return false;
    if (over_ || (oldest_ != nullptr && before == std::make_pair(input_.size(), at_))) return true;
  }
}

bool h1_session::parse_head() {
  auto end = input_.find("\r\n\r\n");
  if (end == std::string::npos) return input_.size() < most_head_bytes || fail("an endless answer head");
  std::string head = input_.substr(0, end);
  input_.erase(0, end + 4);
  auto& request = *oldest_;
  auto line_end = std::min(head.find("\r\n"), head.size());
  // HTTP/1.x SP status
  if (head.compare(0, 7, "HTTP/1.") != 0 || line_end < 12) return fail("an answer that is not HTTP/1.1");
  if (std::from_chars(head.data() + 9, head.data() + 12, request.status).ptr != head.data() + 12)
    return fail("an answer without a status");
  last_answer_ = head[7] == '0';
  sized_ = chunked_ = false;
  left_ = 0;
  for (size_t at = line_end; at < head.size();) {
    auto from = at + 2;
    at = std::min(head.find("\r\n", from), head.size());
    if (!parse_line(std::string_view(head).substr(from, at - from))) return false;
  }
  return begin_body();
}

bool h1_session::parse_line(std::string_view line) {
  auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return fail("a malformed header field");
  auto name = lower(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  if (name == "content-length") {
    auto [stop, fault] = std::from_chars(value.data(), value.data() + value.size(), left_);
    if (fault != std::errc() || stop != value.data() + value.size()) return fail("a malformed length");
    sized_ = true;
  } else if (name == "transfer-encoding") {
    chunked_ = lower(value) == "chunked";
    if (!chunked_) return fail("an unknown transfer encoding");
  } else if (name == "connection") {
    last_answer_ = last_answer_ || lower(value) == "close";
  }
  take_header(*oldest_, name, value);
  return true;
}

bool h1_session::begin_body() {
  auto status = oldest_->status;
  if (status == 101) return fail("an upgrade that nobody asked for");
  if (status < 200) {
    oldest_->status = 0;  // an interim answer
    return true;
  }
  if (status == 204 || status == 304 || (sized_ && !chunked_ && left_ == 0)) {
    end_answer();
  } else if (chunked_) {
    at_ = part::chunk_size;
  } else {
    at_ = sized_ ? part::body : part::until_close;
    last_answer_ = last_answer_ || !sized_;
  }
  return true;
}

bool h1_session::parse_sized() {
  auto count = std::min<uint64_t>(left_, input_.size());
  if (!keep_body(std::string_view(input_).substr(0, count))) return true;
  input_.erase(0, count);
  left_ -= count;
  if (left_ == 0) end_answer();
  return true;
}

bool h1_session::parse_chunks() {
  std::string line;
  switch (at_) {
    case part::chunk_size: {
      if (!take_line(line)) return input_.size() < most_head_bytes || fail("an endless chunk size");
      auto digits = trimmed(std::string_view(line).substr(0, line.find(';')));
      auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
      if (digits.empty() || fault != std::errc() || stop != digits.data() + digits.size())
        return fail("a malformed chunk size");
      at_ = left_ == 0 ? part::trailer : part::chunk;
      return true;
    }
    case part::chunk: {
      auto count = std::min<uint64_t>(left_, input_.size());
      if (!keep_body(std::string_view(input_).substr(0, count))) return true;
      input_.erase(0, count);
      left_ -= count;
      if (left_ == 0) at_ = part::chunk_end;
      return true;
    }
    case part::chunk_end:
      if (take_line(line)) {
        if (!line.empty()) return fail("a chunk that does not end");
        at_ = part::chunk_size;
      }
      return true;
    default:
      if (!take_line(line)) return input_.size() < most_head_bytes || fail("an endless trailer");
      if (line.empty()) end_answer();
      return true;
  }
}

bool h1_session::take_line(std::string& line) {
  auto end = input_.find("\r\n");
  if (end == std::string::npos) return false;
  line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return true;
}

/// False when the answer is too large: it is over then, and the connection with it.
bool h1_session::keep_body(std::string_view bytes) {
  if (take_body(*oldest_, bytes)) return true;
  over_ = true;
  finish(*oldest_, ending_by_now(*oldest_));
  return false;
}

void h1_session::end_answer() {
  at_ = part::head;
  oldest_->answer_ended = true;
  finish(*oldest_, ending::answered);
}

bool h1_session::fail(const char* why) {
  trouble_ = why;
  return false;
}

}  // namespace pusher::h2
