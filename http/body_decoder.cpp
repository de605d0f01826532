#include "http/body_decoder.hpp"

#include <algorithm>
#include <utility>

namespace pusher::http {

namespace {

constexpr size_t most_size_digits = 12;
constexpr size_t most_framing_bytes = 4096;

}  // namespace

body_decoder::body_decoder(const request_head& head) : left_(head.content_length) {
  if (head.chunked)
    expecting_ = expecting::size;
  else if (left_ > 0)
    expecting_ = expecting::data;
  if (head.gzip && head.has_body()) inflater_ = std::make_unique<gzip_decoder>();
}

body_decoder::state body_decoder::feed(std::string_view& input, std::string& body) {
  if (!inflater_) return unframe(input, body);
  if (!pending()) {
    packed_.clear();
    unpacked_ = 0;
    if (unframe(input, packed_) == state::refused) return state::refused;
  }
  return inflate(body);
}

body_decoder::state body_decoder::inflate(std::string& body) {
  auto rest = packed();
  bool sound = inflater_->feed(rest, body);
  unpacked_ = packed_.size() - rest.size();
  if (!sound) {
    refuse("The gzip stream is corrupt near its byte " + std::to_string(inflater_->used_bytes()) +
           ". Compress the body again.");
    return state::refused;
  }
  if (pending() || expecting_ != expecting::nothing) return state::incomplete;
  if (inflater_->at_end()) return state::complete;
  refuse("The gzip stream is truncated: the body ends before the stream does. Send all of it.");
  return state::refused;
}

body_decoder::state body_decoder::unframe(std::string_view& input, std::string& body) {
  while (expecting_ != expecting::nothing && !input.empty()) {
    if (expecting_ == expecting::data || expecting_ == expecting::chunk) {
      copy(input, body);
      continue;
    }
    char c = input.front();
    input.remove_prefix(1);
    if (!take(c)) return state::refused;
  }
  return expecting_ == expecting::nothing ? state::complete : state::incomplete;
}

void body_decoder::copy(std::string_view& input, std::string& body) {
  auto count = static_cast<size_t>(std::min<uint64_t>(left_, input.size()));
  body.append(input.substr(0, count));
  input.remove_prefix(count);
  left_ -= count;
  if (left_ == 0) expecting_ = expecting_ == expecting::data ? expecting::nothing : expecting::chunk_cr;
}

bool body_decoder::take(char c) {
  switch (expecting_) {
    case expecting::size:
      return take_size(c);
    case expecting::extension:
      if (c == '\n' || ++framing_bytes_ > most_framing_bytes)
        return refuse("A chunk's extension is malformed.");
      if (c == '\r') expecting_ = expecting::size_end;
      return true;
    case expecting::size_end:
      if (c != '\n') return refuse("A chunk's size does not end in CR LF.");
      expecting_ = left_ > 0 ? expecting::chunk : expecting::trailer;
      digits_ = framing_bytes_ = line_bytes_ = 0;
      return true;
    case expecting::chunk_cr:
      expecting_ = expecting::chunk_lf;
      return c == '\r' || refuse("A chunk does not end where its size says.");
    case expecting::chunk_lf:
      expecting_ = expecting::size;
      return c == '\n' || refuse("A chunk does not end in CR LF.");
    case expecting::trailer:
      return take_trailer(c);
    case expecting::data:
    case expecting::chunk:
    case expecting::nothing:
      break;
  }
  return false;
}

bool body_decoder::take_size(char c) {
  int digit = c >= '0' && c <= '9'   ? c - '0'
              : c >= 'a' && c <= 'f' ? c - 'a' + 10
              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                     : -1;
  if (digit >= 0) {
    if (++digits_ > most_size_digits) return refuse("A chunk is too large.");
    left_ = left_ << 4 | static_cast<uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) return refuse("A chunk does not begin with its size.");
  if (c != '\r' && c != ';') return refuse("A chunk's size is not a hexadecimal number.");
  expecting_ = c == '\r' ? expecting::size_end : expecting::extension;
  return true;
}

bool body_decoder::take_trailer(char c) {
  if (++framing_bytes_ > most_framing_bytes) return refuse("The trailers are too long.");
  if (c != '\n') {
    if (c != '\r') ++line_bytes_;
    return true;
  }
  if (line_bytes_ == 0) expecting_ = expecting::nothing;
  line_bytes_ = 0;
  return true;
}

bool body_decoder::refuse(std::string detail) {
  why_ = {400, {errc::malformed_request, std::move(detail), "", 0}};
  return false;
}

}  // namespace pusher::http
