#include "tests/emulator/h1_session.hpp"

#include <algorithm>
#include <charconv>

namespace pusher::emulator {

namespace {

constexpr size_t head_limit_bytes = 64 * 1024;
constexpr std::string_view head_end = "\r\n\r\n";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 201:
      return "Created";
    case 307:
      return "Temporary Redirect";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

}  // namespace

h1_session::h1_session(services& shared, const peer& client) : shared_(shared) {
  asked_.http2 = false;
  asked_.connection = client.connection;
  asked_.sandbox = client.sandbox;
  asked_.known_certificate = client.known_certificate;
}

bool h1_session::receive(const uint8_t* data, size_t size) {
  input_.append(reinterpret_cast<const char*>(data), size);
  return take_requests();
}

bool h1_session::take_requests() {
  while (!finished_ && !waiting_ && !input_.empty()) {
    if (head_bytes_ == 0) {
      auto state = read_head();
      if (state == head::malformed) return false;
      if (state == head::incomplete) return input_.size() < head_limit_bytes;
    }
    if (input_.size() < head_bytes_ + body_bytes_) return true;
    asked_.body.assign(input_, head_bytes_, body_bytes_);
    input_.erase(0, head_bytes_ + body_bytes_);
    head_bytes_ = body_bytes_ = 0;
    if (!handle_request()) return false;
  }
  return true;
}

h1_session::head h1_session::read_head() {
  auto end = input_.find(head_end);
  if (end == std::string::npos) return head::incomplete;
  std::string_view text(input_.data(), end);
  auto line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(std::min(text.size(), line.size() + 2));
  auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.substr(last + 1) != "HTTP/1.1")
    return head::malformed;
  asked_.clear();
  body_bytes_ = 0;
  asked_.method = line.substr(0, first);
  asked_.path = line.substr(first + 1, last - first - 1);
  length_known_ = true;
  close_ = false;
  while (!text.empty()) {
    auto header = text.substr(0, text.find("\r\n"));
    text.remove_prefix(std::min(text.size(), header.size() + 2));
    take_header(header);
  }
  head_bytes_ = end + head_end.size();
  if (!length_known_ || body_bytes_ > body_limit_bytes) {
    // The body's end is unknown or too far: answer now, then close.
    asked_.body_too_large = true;
    body_bytes_ = 0;
    close_ = true;
  }
  return head::complete;
}

void h1_session::take_header(std::string_view line) {
  auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  auto name = lower(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  asked_.take_header(name, value);
  if (name == "transfer-encoding") length_known_ = false;
  if (name == "connection") close_ = lower(value) == "close";
  if (name == "expect") output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (name == "content-length") {
    auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), body_bytes_);
    if (failure != std::errc() || end != value.data() + value.size()) length_known_ = false;
  }
}

bool h1_session::handle_request() {
  if (asked_.body_too_large && !length_known_) {
    answer_.clear();
    answer_.status = 411;
  } else {
    shared_.google.handle(asked_, answer_, wall_clock_us());
  }
  if (answer_.kind == reply_kind::reset || answer_.kind == reply_kind::refuse) return false;
  waiting_ = answer_.kind == reply_kind::silence;
  if (waiting_) return true;
  if (answer_.delayed && shared_.google.delay_ms() > 0) {
    waiting_ = true;
    shared_.put_off(asked_.connection, 0);
  } else {
    write_answer();
  }
  return true;
}

void h1_session::answer_now(int32_t) {
  if (!waiting_) return;
  waiting_ = false;
  write_answer();
  if (!take_requests()) finished_ = true;
}

void h1_session::write_answer() {
  output_ += "HTTP/1.1 " + std::to_string(answer_.status) + " ";
  output_ += phrase(answer_.status);
  auto add = [this](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    output_ += "\r\n";
    output_ += name;
    output_ += ": ";
    output_ += value;
  };
  add("Content-Type", answer_.content_type);
  add("Content-Length", std::to_string(answer_.body.size() + answer_.filler_bytes));
  if (answer_.retry_after_seconds > 0) add("Retry-After", std::to_string(answer_.retry_after_seconds));
  add("WWW-Authenticate", answer_.www_authenticate);
  add("Location", answer_.location);
  // The filler leaves in parts, between which no other answer may come.
  close_ = close_ || answer_.filler_bytes > 0;
  if (close_) add("Connection", "close");
  output_ += "\r\n\r\n" + answer_.body;
  filler_bytes_ = answer_.filler_bytes;
  finished_ = close_;
}

bool h1_session::produce(std::string& output, size_t enough) {
  output += output_;
  output_.clear();
  size_t part = std::min(filler_bytes_, enough);
  output.append(part, 'x');
  filler_bytes_ -= part;
  return true;
}

}  // namespace pusher::emulator
