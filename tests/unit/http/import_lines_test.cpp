#include "http/import_lines.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "http/import_result.hpp"
#include "model/limits.hpp"

using namespace pusher::http;

namespace {

std::vector<import_lines::chunk> chunks_of(const std::string& text, size_t piece) {
  import_lines lines;
  std::vector<import_lines::chunk> chunks;
  for (size_t at = 0; at < text.size(); at += piece) {
    auto input = std::string_view(text).substr(at, piece);
    while (!input.empty()) {
      lines.take(input);
      if (lines.full()) chunks.push_back(lines.take_chunk());
    }
  }
  lines.end();
  if (lines.has_lines()) chunks.push_back(lines.take_chunk());
  return chunks;
}

}  // namespace

TEST_CASE("chunks hold whole lines and know where they begin") {
  std::string text;
  for (int i = 1; i <= 2500; ++i)
    text += std::to_string(i) + "\n";
  for (size_t piece : {1, 10, 4096, 1'000'000}) {
    auto chunks = chunks_of(text, piece);
    REQUIRE(chunks.size() == 3);
    CHECK(chunks[0].first_line == 1);
    CHECK(chunks[1].first_line == 1001);
    CHECK(chunks[2].first_line == 2001);
    CHECK(chunks[0].text + chunks[1].text + chunks[2].text == text);
    CHECK(chunks[2].text.substr(0, 5) == "2001\n");
  }
}

TEST_CASE("a chunk ends at a megabyte, and a last line needs no newline") {
  std::string line(100'000, 'x');
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += line + "\n";
  text += "last";
  auto chunks = chunks_of(text, 4096);
  CHECK(chunks.size() == 3);
  for (const auto& each : chunks)
    CHECK(each.text.size() < import_lines::most_bytes + 200'000);
  CHECK(chunks.back().text.substr(chunks.back().text.size() - 6) == "\nlast\n");
}

TEST_CASE("a line that is too long costs no memory and ends its chunk") {
  auto too_long = std::string(pusher::limits::import_line_bytes + 1, 'x');
  auto chunks = chunks_of("a\n" + too_long + "\nb\n" + too_long, 1000);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].text == "a\n");
  CHECK(chunks[0].overlong_line == 2);
  CHECK(chunks[1].text == "b\n");
  CHECK(chunks[1].overlong_line == 4);
}

TEST_CASE("a line of exactly the limit is taken") {
  auto chunks = chunks_of(std::string(pusher::limits::import_line_bytes, 'x') + "\n", 4096);
  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].overlong_line == 0);
}

TEST_CASE("blank lines are counted and not visited") {
  std::vector<std::pair<uint64_t, std::string>> seen;
  for_each_line("a\n\n \t\r\nb", 10,
                [&](uint64_t number, std::string_view line) { seen.emplace_back(number, line); });
  CHECK(seen == std::vector<std::pair<uint64_t, std::string>>{{10, "a"}, {13, "b"}});
}
