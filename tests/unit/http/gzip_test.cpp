#include "http/gzip.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>

using namespace pusher::http;

namespace {

std::string packed(const std::string& text) {
  gzip_encoder encoder;
  auto made = encoder.add(text);
  return made + encoder.finish();
}

/// The text, or nothing when the stream is corrupt or cut.
std::optional<std::string> unpacked(std::string_view bytes, size_t piece) {
  gzip_decoder decoder;
  std::string text;
  while (!bytes.empty()) {
    auto input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    do {
      auto before = text.size();
      if (!decoder.feed(input, text)) return std::nullopt;
      CHECK(text.size() - before <= gzip_decoder::most_bytes);
    } while (!input.empty() || decoder.pending());
  }
  return decoder.at_end() ? std::optional(text) : std::nullopt;
}

std::string noise(size_t bytes) {
  std::mt19937 chance(7);
  std::string text;
  while (text.size() < bytes)
    text += static_cast<char>(chance());
  return text;
}

}  // namespace

TEST_CASE("gzip comes back as it was, however it is cut") {
  for (const auto& text : {std::string(), std::string("a"), noise(200'000), std::string(3'000'000, 'x')})
    for (size_t piece : {1, 7, 4096, 10'000'000}) {
      if (piece == 1 && text.size() > 1'000'000) continue;
      CHECK(unpacked(packed(text), piece) == text);
    }
  // What inflates to exactly one piece and no more.
  std::string full(gzip_decoder::most_bytes, 'x');
  CHECK(unpacked(packed(full), 1) == full);
}

TEST_CASE("members may follow one another") {
  for (size_t piece : {1, 5, 1000})
    CHECK(unpacked(packed("hello") + packed("") + packed(" world"), piece) == "hello world");
}

TEST_CASE("what is cut or changed is noticed") {
  auto text = noise(2000) + std::string(2000, 'x');
  auto good = packed(text);
  for (size_t i = 1; i < good.size(); i += 13)
    CHECK_FALSE(unpacked(good.substr(0, i), 100));
  CHECK_FALSE(unpacked(good + "x", 100));
  CHECK_FALSE(unpacked("{}", 100));
  // The header's time, extra flags and operating system mean nothing.
  for (size_t i = 10; i < good.size(); i += 17) {
    auto changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    CHECK(unpacked(changed, 100) != text);
  }
}

TEST_CASE("each piece can be read as soon as it is sent") {
  gzip_encoder encoder;
  gzip_decoder decoder;
  std::string text;
  for (const char* piece : {"one\n", "two\n", "three\n"}) {
    auto bytes = encoder.add(piece);
    std::string_view input(bytes);
    REQUIRE(decoder.feed(input, text));
    CHECK(text.substr(text.size() - std::string(piece).size()) == piece);
    CHECK_FALSE(decoder.at_end());
  }
}

TEST_CASE("who takes gzip") {
  for (const char* yes :
       {"gzip", "GZip", "x-gzip", "deflate, gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "gzip;q=0.001",
        "gzip ; Q=1", "identity;q=0.5, gzip", "*;q=0, gzip", "gzip;q=1.000"}) {
    CAPTURE(yes);
    CHECK(accepts_gzip(yes));
  }
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000, *", "*;q=0",
                         "gzip;q=", "gzip;q=nan", "gzip;q=-1", "identity, gzip;q=0.5", "gzipp", "gzip;q=2"}) {
    CAPTURE(no);
    CHECK_FALSE(accepts_gzip(no));
  }
}
