#include "http/gzip.hpp"

#include <new>

#define ZLIB_CONST
#include <zlib.h>

namespace pusher::http {

namespace {

constexpr int gzip_window = 15 + 16;  // zlib's largest window, in gzip's format
constexpr int memory_level = 8;       // zlib's default; 256 KiB per stream
constexpr int level =
    3;  // push tokens are random: a higher level costs three times the time for a few percent

const Bytef* as_input(std::string_view bytes) {
  return reinterpret_cast<const Bytef*>(bytes.data());
}

}  // namespace

// -- decoder --

gzip_decoder::gzip_decoder() : stream_(std::make_unique<z_stream>()) {
  if (inflateInit2(stream_.get(), gzip_window) != Z_OK) throw std::bad_alloc();
}

gzip_decoder::~gzip_decoder() {
  inflateEnd(stream_.get());
}

bool gzip_decoder::feed(std::string_view& input, std::string& output) {
  char bytes[most_bytes];
  stream_->next_out = reinterpret_cast<Bytef*>(bytes);
  stream_->avail_out = sizeof bytes;
  bool sound = true;
  do {
    sound = inflate_some(input);
  } while (sound && !input.empty() && stream_->avail_out > 0);
  output.append(bytes, sizeof bytes - stream_->avail_out);
  pending_ = sound && !between_members_ && stream_->avail_out == 0;
  return sound;
}

bool gzip_decoder::inflate_some(std::string_view& input) {
  if (between_members_) {
    if (input.empty()) return true;
    if (inflateReset(stream_.get()) != Z_OK) return false;
    between_members_ = false;
  }
  stream_->next_in = as_input(input);
  stream_->avail_in = static_cast<uInt>(input.size());
  auto told = inflate(stream_.get(), Z_NO_FLUSH);
  auto used = input.size() - stream_->avail_in;
  input.remove_prefix(used);
  used_ += used;
  if (told == Z_MEM_ERROR) throw std::bad_alloc();
  between_members_ = told == Z_STREAM_END;
  // Z_BUF_ERROR says only that nothing could be done without more input.
  return told == Z_OK || told == Z_STREAM_END || told == Z_BUF_ERROR;
}

// -- encoder --

gzip_encoder::gzip_encoder() : stream_(std::make_unique<z_stream>()) {
  if (deflateInit2(stream_.get(), level, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

gzip_encoder::~gzip_encoder() {
  deflateEnd(stream_.get());
}

std::string gzip_encoder::deflate_all(std::string_view piece, bool last) {
  char bytes[64 * 1024];
  std::string made;
  stream_->next_in = as_input(piece);
  stream_->avail_in = static_cast<uInt>(piece.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(bytes);
    stream_->avail_out = sizeof bytes;
    deflate(stream_.get(), last ? Z_FINISH : Z_SYNC_FLUSH);
    made.append(bytes, sizeof bytes - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return made;
}

}  // namespace pusher::http
