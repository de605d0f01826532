#include <doctest/doctest.h>

#include <atomic>

#include "answering.hpp"
#include "client.hpp"
#include "http/export_page.hpp"
#include "http/gzip.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

constexpr size_t line_bytes = 1000;

/// Answers pages as the API does, without a store: `lines` lines on each of `pages` pages.
struct pages {
  int count = 3;
  int lines = 10;
  std::atomic<int> asked{0};

  http::response operator()(const http::request& request) {
    ++asked;
    auto note = request.internal.at(http::export_position_note);
    int page = note.empty() ? 0 : std::stoi(note);
    http::response made;
    made.content_type = "application/x-ndjson";
    for (int i = 0; i < lines; ++i) {
      auto line = std::to_string(page * lines + i) + " " + request.body;
      made.body += line + std::string(line_bytes - 1 - std::min(line.size(), line_bytes - 1), '.') + "\n";
    }
    if (page + 1 < count) made.internal[http::export_position_note] = std::to_string(page + 1);
    return made;
  }
};

late_answers::make by(pages& made) {
  return [&made](const http::request& asked) { return made(asked); };
}

std::unique_ptr<http::server> start(http::dispatcher& target, const limits_settings& limits = {}) {
  auto started = http::server::start({"127.0.0.1", 0}, limits, target, nullptr, 2);
  REQUIRE(started.ok());
  return std::move(*started);
}

/// The numbers of the lines must be 0, 1, 2...; how many there are.
int lines_in_order(http_client& client) {
  int count = 0;
  while (auto line = client.next_line()) {
    if (std::stoi(*line) != count) return -1;
    ++count;
  }
  return count;
}

const std::string path = "/v1/devices:export";

}  // namespace

TEST_CASE("an export gives page after page, and its end") {
  pages made;
  late_answers answers(2, 300us, by(made));
  auto server = start(answers);
  http_client client(server->port());
  std::string asked;
  SUBCASE("by GET") {
    asked = http_client::get(path);
  }
  SUBCASE("by POST, whose body comes with each page") {
    asked = http_client::post(path, "body");
  }
  SUBCASE("with a chunked body") {
    asked =
        "POST " + path + " HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
  }
  auto head = client.ask(asked);
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->headers["content-type"] == "application/x-ndjson");
  CHECK(head->headers["transfer-encoding"] == "chunked");
  CHECK(head->headers["vary"] == "Accept-Encoding");
  CHECK(head->headers["connection"] == "close");
  CHECK(head->headers.count("content-encoding") == 0);
  CHECK(head->headers.count(http::export_position_note) == 0);
  int count = 0;
  while (auto line = client.next_line()) {
    CHECK(std::stoi(*line) == count++);
    CHECK((line->find(" body.") != std::string::npos) == (asked[0] == 'P'));
  }
  CHECK(count == 30);
  CHECK(client.chunks_ended());
  CHECK(client.closed_within(5s));
  CHECK(made.asked == 3);
  CHECK(
      eventually([&] { return server->stats().open_streams == 0 && server->stats().open_connections == 0; }));
  CHECK(server->stats().request_bytes == 0);
}

TEST_CASE("HEAD of an export is its head, and HTTP/1.0 gets it without chunks") {
  pages made;
  prompt_answers answers(by(made));
  auto server = start(answers);
  http_client head(server->port()), old(server->port());
  REQUIRE(head.send("HEAD " + path + " HTTP/1.1\r\nHost: t\r\n\r\n"));
  auto answer = head.receive(true);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->headers["content-type"] == "application/x-ndjson");
  CHECK(head.rest() == "");
  REQUIRE(old.send("GET " + path + " HTTP/1.0\r\n\r\n"));
  answer = old.receive();
  REQUIRE(answer);
  CHECK(answer->headers.count("transfer-encoding") == 0);
  auto body = old.rest();
  REQUIRE(body);
  CHECK(body->size() == 30 * line_bytes);
}

TEST_CASE("an export is gzipped for those who take it") {
  pages made;
  prompt_answers answers(by(made));
  auto server = start(answers);
  http_client client(server->port());
  auto head = client.ask(http_client::get(path, "Accept-Encoding: deflate, gzip;q=0.5\r\n"));
  REQUIRE(head);
  CHECK(head->headers["content-encoding"] == "gzip");
  CHECK(head->headers["vary"] == "Accept-Encoding");
  http::gzip_decoder decoder;
  std::string text;
  while (!client.chunks_ended()) {
    auto chunk = client.next_chunk();
    REQUIRE(chunk);
    std::string_view input(*chunk);
    REQUIRE(decoder.feed(input, text));
    CHECK(input.empty());
  }
  CHECK(decoder.at_end());
  CHECK(text.size() == 30 * line_bytes);
  http_client other(server->port());
  CHECK(
      other.ask(http_client::get(path, "Accept-Encoding: gzip;q=0\r\n"))->headers.count("content-encoding") ==
      0);
}

TEST_CASE("what is wrong before the first line is told as a problem") {
  prompt_answers answers([](const http::request& asked) {
    return http::problem({errc::not_found, "There is no such device.", "", 0}, asked);
  });
  auto server = start(answers);
  for (const auto& asked : {http_client::get(path + "?after=x"), http_client::post(path, "{}")}) {
    http_client client(server->port());
    auto answer = client.ask(asked);
    REQUIRE(answer);
    CHECK(answer->status == 404);
    CHECK(answer->headers["content-type"] == "application/problem+json");
    CHECK(answer->body.find("There is no such device.") != std::string::npos);
    CHECK(client.closed_within(5s));
  }
  limits_settings limits;
  limits.request_body_bytes = 10;
  auto narrow = start(answers, limits);
  http_client client(narrow->port());
  CHECK(client.ask(http_client::post(path, std::string(11, 'x')))->status == 413);
}

TEST_CASE("a store that is away for a moment delays an export and does not break it") {
  pages made;
  std::atomic<int> calls{0};
  prompt_answers answers([&](const http::request& asked) {
    auto number = ++calls;
    if (number == 2 || number == 3) return http::problem({errc::store_unavailable, "", "", 0}, asked);
    return made(asked);
  });
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.ask(http_client::get(path)));
  CHECK(lines_in_order(client) == 30);
  CHECK(client.chunks_ended());
  CHECK(calls == 5);
}

TEST_CASE("an export that cannot go on is seen to be incomplete") {
  pages made;
  prompt_answers answers([&](const http::request& asked) {
    if (made.asked == 2) return http::problem({errc::unauthenticated, "The key was revoked.", "", 0}, asked);
    return made(asked);
  });
  auto server = start(answers);
  http_client client(server->port());
  SUBCASE("by the end of its chunks, which is missing") {
    REQUIRE(client.ask(http_client::get(path)));
    CHECK(lines_in_order(client) == 20);
    CHECK_FALSE(client.chunks_ended());
  }
  SUBCASE("by a reset where there are no chunks") {
    REQUIRE(client.send("GET " + path + " HTTP/1.0\r\n\r\n"));
    CHECK_FALSE(client.rest());
  }
  CHECK(client.closed_within(5s));
  CHECK(eventually([&] { return server->stats().open_streams == 0; }));
}

TEST_CASE("no more is asked for than the client reads, and one that reads nothing is cut") {
  pages made;
  made.count = 1000;
  made.lines = 1000;
  prompt_answers answers(by(made));
  limits_settings limits;
  limits.http_body_seconds = 1;
  auto server = start(answers, limits);
  http_client client(server->port(), 4096);
  REQUIRE(client.ask(http_client::get(path)));
  CHECK(eventually([&] { return server->stats().open_streams == 0; }));
  // The kernel's buffers take some megabytes, the spool half of one.
  CHECK(made.asked < 20);
  while (client.next_line())
    continue;
  CHECK_FALSE(client.chunks_ended());
}

TEST_CASE("a slow client gets all") {
  pages made;
  made.lines = 2000;
  prompt_answers answers(by(made));
  auto server = start(answers);
  http_client client(server->port(), 4096);
  REQUIRE(client.ask(http_client::get(path)));
  CHECK(lines_in_order(client) == 6000);
  CHECK(client.chunks_ended());
}

TEST_CASE("clients that leave, and the server's end, end exports") {
  pages made;
  made.count = 1'000'000;
  made.lines = 1000;
  late_answers answers(2, 100us, by(made));
  auto server = start(answers);
  http_client reset(server->port()), farewell(server->port()), stays(server->port());
  for (auto* each : {&reset, &farewell, &stays})
    REQUIRE(each->ask(http_client::get(path)));
  CHECK(server->stats().open_streams == 3);
  reset.abort();
  farewell.close_now();
  CHECK(eventually([&] { return server->stats().open_streams == 1; }));
  server->stop();
  while (stays.next_line())
    continue;
  CHECK_FALSE(stays.chunks_ended());
  CHECK(server->stats().open_streams == 0);
}

TEST_CASE("a client cannot say where a page begins") {
  pages made;
  prompt_answers answers(by(made));
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.ask(http_client::get(path, "Export-Position: 2\r\nX-Export-Position: 2\r\n")));
  CHECK(lines_in_order(client) == 30);
}
