#include <doctest/doctest.h>

#include <unistd.h>
#include <atomic>
#include <fstream>

#include "answering.hpp"
#include "client.hpp"
#include "http/gzip.hpp"
#include "http/import_chunk.hpp"
#include "http/import_result.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"
#include "model/limits.hpp"

using namespace pusher;

namespace {

/// Answers a chunk as the API does, without a store: each line that is not blank was stored.
http::response store(const http::request& asked) {
  if (asked.headers.count("authorization") == 0)
    return http::problem({errc::unauthenticated, "No key.", "", 0}, asked);
  http::response made;
  made.content_type = "application/x-ndjson";
  if (asked.parsed)
    for (const auto& line : asked.parsed->lines)
      http::append_stored(made.body, line.number, true, line.device_id);
  return made;
}

std::unique_ptr<http::server> start(http::dispatcher& target, const limits_settings& limits = {}) {
  auto started = http::server::start({"127.0.0.1", 0}, limits, target, nullptr, 2);
  REQUIRE(started.ok());
  return std::move(*started);
}

std::string import_head(const std::string& framing, const std::string& key = "k") {
  return "POST /v1/devices:import HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer " + key + "\r\n" + framing +
         "\r\n";
}

std::string device_line(const std::string& id) {
  return R"({"device_id":")" + id + R"(","gateway":"fcm","platform":"ios","push_token":"t"})";
}

std::string chunk_of(const std::string& body) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  return size + body + "\r\n";
}

std::string import_of(const std::string& body) {
  return import_head("Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
}

std::vector<std::string> lines_of(http_client& client) {
  std::vector<std::string> lines;
  while (auto line = client.next_line())
    lines.push_back(*line);
  return lines;
}

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

/// The most that this process has held so far.
size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (size_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an import answers one line per line, in order; blank lines count and are not answered") {
  late_answers answers(2, std::chrono::microseconds(300), store);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(import_of(device_line("a") + "\n\n  \nb\r\n" + device_line("c"))));
  auto head = client.receive();
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->headers["content-type"] == "application/x-ndjson");
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == R"({"line":1,"status":201,"device_id":"a"})");
  CHECK(contains(lines[1], R"("line":4)"));
  CHECK(lines[2] == R"({"line":5,"status":201,"device_id":"c"})");
  CHECK(client.closed_within(std::chrono::seconds(5)));
  CHECK(
      eventually([&] { return server->stats().open_connections == 0 && server->stats().open_streams == 0; }));
}

TEST_CASE("200,000 lines pass with flat memory, though the client reads nothing before it has sent all") {
  prompt_answers answers(store);
  auto server = start(answers);
  constexpr int count = 200'000;
  http_client client(server->port(), 4096);
  REQUIRE(client.send(import_head("Transfer-Encoding: chunked\r\n")));
  auto before = resident_bytes();
  size_t most = 0;
  for (int i = 0; i < count; i += 100) {
    std::string lines;
    for (int k = 0; k < 100; ++k)
      lines += "device-" + std::to_string(i + k) + std::string(200, '.') + "\n";
    REQUIRE(client.send(chunk_of(lines)));
    if (i % 10'000 == 0) most = std::max(most, resident_bytes());
  }
  REQUIRE(client.send("0\r\n\r\n"));
  REQUIRE(client.receive());
  int line_number = 0;
  bool in_order = true;
  while (auto line = client.next_line())
    in_order =
        in_order && line->rfind("{\"line\":" + std::to_string(++line_number) + ",\"status\":201", 0) == 0;
  CHECK(line_number == count);
  CHECK(in_order);
  most = std::max(most, resident_bytes());
  MESSAGE("grew by " << (most > before ? most - before : 0) / 1024 << " KiB");
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(most < before + 32 * 1024 * 1024);
#endif
}

TEST_CASE("results arrive while the import is still being sent") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(import_head("Transfer-Encoding: chunked\r\n") + chunk_of(device_line("a") + "\n")));
  REQUIRE(client.receive());
  auto line = client.next_line();
  REQUIRE(line);
  CHECK(*line == R"({"line":1,"status":201,"device_id":"a"})");
  REQUIRE(client.send(chunk_of(device_line("b") + "\n") + "0\r\n\r\n"));
  CHECK(lines_of(client).size() == 1);
}

TEST_CASE("a line that is too long is refused by itself") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(
      import_of("a\n" + std::string(limits::import_line_bytes + 1, 'x') + "\n" + device_line("b") + "\n")));
  REQUIRE(client.receive());
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[1], R"("line":2,"status":413,"code":"body_too_large")"));
  CHECK(lines[2] == R"({"line":3,"status":201,"device_id":"b"})");
}

TEST_CASE("a caller who may not import gets a plain refusal before anything is read") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(
      "POST /v1/devices:import HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  auto answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->status == 401);
  CHECK(answer->headers["content-type"] == "application/problem+json");
  CHECK(client.closed_within(std::chrono::seconds(5)));
}

TEST_CASE("a caller who waits for 100-continue is told to go on") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(import_head("Content-Length: 2\r\nExpect: 100-continue\r\n")));
  auto first = client.receive();
  REQUIRE(first);
  CHECK(first->status == 100);
  auto second = client.ask("a\n");
  REQUIRE(second);
  CHECK(second->status == 200);
  CHECK(lines_of(client).size() == 1);
  CHECK(client.chunks_ended());
}

TEST_CASE("a store that fails in the middle fails the lines of that chunk and no others") {
  std::atomic<int> calls{0};
  prompt_answers answers([&](const http::request& asked) {
    // The first call asks for admission only.
    if (++calls == 3) return http::problem({errc::store_unavailable, "secret host", "", 0}, asked);
    return store(asked);
  });
  auto server = start(answers);
  std::string body;
  for (int i = 1; i <= 3000; ++i)
    body += "d" + std::to_string(i) + "\n";
  http_client client(server->port());
  REQUIRE(client.send(import_of(body)));
  REQUIRE(client.receive());
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 3000);
  CHECK(contains(lines[999], R"("line":1000,"status":201)"));
  CHECK(contains(lines[1000], R"("line":1001,"status":503,"code":"store_unavailable")"));
  CHECK(contains(lines[1999], R"("line":2000,"status":503)"));
  CHECK(!contains(lines[1999], "secret"));
  CHECK(contains(lines[2000], R"("line":2001,"status":201)"));
}

TEST_CASE("a body that breaks off says so in the last line, and its last, unfinished line is not stored") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  SUBCASE("by a malformed chunk") {
    REQUIRE(client.send(import_head("Transfer-Encoding: chunked\r\n") + chunk_of(device_line("a") + "\nb") +
                        "zz\r\n"));
    REQUIRE(client.receive());
    auto lines = lines_of(client);
    REQUIRE(lines.size() == 2);
    CHECK(contains(lines[0], R"("device_id":"a")"));
    CHECK(contains(lines[1], R"("line":2,"status":400,"code":"malformed_request")"));
  }
  SUBCASE("by a client that ends too early") {
    REQUIRE(client.send(import_head("Content-Length: 1000\r\n") + device_line("a") + "\nb"));
    client.half_close();
    REQUIRE(client.receive());
    auto lines = lines_of(client);
    REQUIRE(lines.size() == 2);
    CHECK(contains(lines[1], R"("line":2,"status":400)"));
  }
}

TEST_CASE("a gzipped import is inflated as it comes; what is wrong with it is told in the last line") {
  prompt_answers answers(store);
  auto server = start(answers);
  std::string text;
  for (int i = 1; i <= 5000; ++i)
    text += device_line("device-" + std::to_string(i)) + "\n";
  http::gzip_encoder encoder, second;
  auto packed = encoder.add(text.substr(0, 30'001));
  packed += encoder.finish();
  packed += second.add(text.substr(30'001));
  packed += second.finish();
  auto import = [&](const std::string& body) {
    http_client client(server->port());
    REQUIRE(client.send(
        import_head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") +
        body));
    REQUIRE(client.receive());
    return lines_of(client);
  };
  auto lines = import(packed);
  REQUIRE(lines.size() == 5000);
  CHECK(lines.back() == R"({"line":5000,"status":201,"device_id":"device-5000"})");
  SUBCASE("truncated") {
    lines = import(packed.substr(0, packed.size() - 4));
    CHECK(contains(lines.back(), R"("line":5001,"status":400,"code":"malformed_request")"));
    CHECK(contains(lines.back(), "gzip stream is truncated"));
  }
  SUBCASE("corrupt") {
    packed[packed.size() - 6] ^= 1;
    lines = import(packed);
    CHECK(contains(lines.back(), R"("line":5001,"status":400,"code":"malformed_request")"));
    CHECK(contains(lines.back(), "gzip stream is corrupt"));
  }
  SUBCASE("not gzip") {
    lines = import(text);
    REQUIRE(lines.size() == 1);
    CHECK(contains(lines[0], R"("line":1,"status":400)"));
  }
}

TEST_CASE("a gzipped line that inflates to 256 MiB costs no memory") {
  prompt_answers answers(store);
  auto server = start(answers);
  http_client client(server->port());
  http::gzip_encoder encoder;
  REQUIRE(client.send(import_head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")));
  [[maybe_unused]] auto before = peak_bytes();
  auto send = [&](const std::string& piece) { return client.send(chunk_of(piece)); };
  std::string blanks(1 << 20, ' ');
  for (int i = 0; i < 256; ++i)
    REQUIRE(send(encoder.add(blanks)));
  REQUIRE(send(encoder.add("\na\n")));
  REQUIRE(send(encoder.finish()));
  REQUIRE(client.send("0\r\n\r\n"));
  REQUIRE(client.receive());
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 2);
  CHECK(contains(lines[0], R"("line":1,"status":413)"));
  CHECK(contains(lines[1], R"("line":2,"status":201)"));
  [[maybe_unused]] auto after = peak_bytes();
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(after < before + 16 * 1024 * 1024);
#endif
}

TEST_CASE("a client cannot set the notes of our own streams") {
  std::atomic<int> noted{0};
  prompt_answers answers([&](const http::request& asked) {
    if (!asked.internal.empty()) ++noted;
    return store(asked);
  });
  auto server = start(answers);
  http_client client(server->port());
  REQUIRE(client.send(import_head("Export-Position: 1-2\r\nX-Export-Position: 1-2\r\nContent-Length: 2\r\n") +
                      "a\n"));
  REQUIRE(client.receive());
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 1);
  CHECK(contains(lines[0], R"("line":1,)"));
  CHECK(noted == 0);
}

TEST_CASE("only so many imports run at once, half of them of one key; leaving makes room") {
  held_requests held;
  auto server = start(held);
  std::vector<std::unique_ptr<http_client>> clients;
  auto begin_eight = [&](const std::string& key) {
    for (int i = 0; i < 8; ++i) {
      clients.push_back(std::make_unique<http_client>(server->port()));
      REQUIRE(clients.back()->send(import_head("Content-Length: 5\r\n", key)));
    }
  };
  begin_eight("a");
  REQUIRE(eventually([&] { return server->stats().open_streams == 8; }));
  http_client ninth(server->port());
  REQUIRE(ninth.send(import_head("Content-Length: 5\r\n", "a")));
  auto told = ninth.receive();
  REQUIRE(told);
  CHECK(told->status == 503);
  begin_eight("b");
  REQUIRE(eventually([&] { return server->stats().open_streams == 16; }));
  http_client extra(server->port());
  auto refused = extra.ask(import_of("a\n"));
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(refused->headers.count("retry-after") == 1);
  clients.clear();
  for (int i = 0; i < 16; ++i) {
    auto probe = held.take();
    REQUIRE(bool(probe));
    probe->answer(store(probe->request()));
  }
  CHECK(
      eventually([&] { return server->stats().open_streams == 0 && server->stats().open_connections <= 1; }));
}

TEST_CASE("other requests are served while imports are under way, and stopping ends the imports") {
  prompt_answers answers([](const http::request& asked) {
    return asked.path == "/v1/devices:import" ? store(asked) : with_body("x");
  });
  auto server = start(answers);
  http_client import(server->port()), other(server->port());
  REQUIRE(import.send(import_head("Content-Length: 1000\r\n") + "a\n"));
  REQUIRE(import.receive());
  for (int i = 0; i < 100; ++i)
    REQUIRE(other.ask(http_client::get("/")).has_value());
  server->stop();
  CHECK(import.closed_within(std::chrono::seconds(5)));
}

TEST_CASE("a silent import is cut") {
  prompt_answers answers(store);
  limits_settings limits;
  limits.http_body_seconds = 1;
  auto server = start(answers, limits);
  http_client client(server->port());
  REQUIRE(client.send(import_head("Content-Length: 1000\r\n") + "a\n"));
  REQUIRE(client.receive());
  auto lines = lines_of(client);
  REQUIRE(lines.size() == 2);
  CHECK(contains(lines[1], R"("line":2,"status":408)"));
}
