#include <doctest/doctest.h>

#include <atomic>
#include <mutex>

#include "answering.hpp"
#include "client.hpp"
#include "http/problem.hpp"
#include "http/progress_notes.hpp"
#include "http/server.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

const std::string path = "/v1/notifications/n/progress";

/// A notification as the API would show it, without a store.
struct notification_shown {
  std::mutex mutex;
  std::string text = "0";
  bool settled = false;
  int status = 200;
  std::string bad_key;
  std::atomic<int> looks{0};

  void becomes(std::string now, bool last = false) {
    std::lock_guard<std::mutex> guard(mutex);
    text = std::move(now);
    settled = last;
  }
  void refuses(int with, std::string only_key = "") {
    std::lock_guard<std::mutex> guard(mutex);
    status = with;
    bad_key = std::move(only_key);
  }
  http::response operator()(const http::request& asked) {
    std::lock_guard<std::mutex> guard(mutex);
    ++looks;
    auto key = asked.headers.find("authorization");
    bool refused = bad_key.empty() || (key != asked.headers.end() && key->second == bad_key);
    if (status != 200 && refused) {
      auto made = http::problem({errc::not_found, "no", "", 0}, asked);
      made.status = status;
      return made;
    }
    http::response made;
    made.body = text;
    made.internal[http::progress_id_note] = "id" + text.substr(0, 20);
    if (settled) made.internal[http::progress_settled_note] = "1";
    return made;
  }
};

struct fixture {
  notification_shown shown;
  prompt_answers answers{[this](const http::request& asked) { return shown(asked); }};
  std::unique_ptr<http::server> server;

  void start(limits_settings limits = {}) {
    auto started = http::server::start({"127.0.0.1", 0}, limits, answers, nullptr, 2);
    REQUIRE(started.ok());
    server = std::move(*started);
  }
  /// The next event as "name data", comments left out; nothing at the end.
  static std::optional<std::string> next_event(http_client& from) {
    std::string name;
    while (auto line = from.next_line()) {
      if (line->rfind("event: ", 0) == 0) name = line->substr(7);
      if (line->rfind("data: ", 0) == 0) return name + " " + line->substr(6);
    }
    return std::nullopt;
  }
  static std::string follow(const std::string& more = "") { return http_client::get(path, more); }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "progress is told at once, then as it changes, and ends when it is settled") {
  start();
  http_client client(server->port());
  auto head = client.ask(follow());
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->headers["content-type"] == "text/event-stream");
  CHECK(head->headers["cache-control"] == "no-store");
  CHECK(next_event(client) == "progress 0");
  shown.becomes("1");
  CHECK(next_event(client) == "progress 1");
  auto looks = shown.looks.load();
  CHECK(eventually([&] { return shown.looks > looks + 1; }));  // looks that find no change tell nothing
  shown.becomes("2", true);
  CHECK(next_event(client) == "settled 2");
  CHECK(!next_event(client));
  CHECK(client.chunks_ended());
  CHECK(client.closed_within(5s));
  CHECK(eventually([&] { return server->stats().progress_watchers == 0; }));
}

TEST_CASE_FIXTURE(fixture, "a notification is looked at once, however many watch it") {
  start();
  std::vector<std::unique_ptr<http_client>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<http_client>(server->port()));
    REQUIRE(clients.back()->ask(follow()));
    CHECK(next_event(*clients.back()) == "progress 0");
  }
  CHECK(server->stats().progress_watchers == 50);
  auto before = shown.looks.load();
  shown.becomes("1");
  for (auto& each : clients)
    CHECK(next_event(*each) == "progress 1");
  CHECK(shown.looks - before <= 3);
  shown.becomes("2", true);
  for (auto& each : clients)
    CHECK(next_event(*each) == "settled 2");
  CHECK(eventually([&] { return server->stats().progress_watchers == 0; }));
}

TEST_CASE_FIXTURE(fixture,
                  "a client that comes again gets what it has not, or learns that there is no more") {
  start();
  http_client again(server->port()), late(server->port()), over(server->port());
  REQUIRE(again.ask(follow("Last-Event-ID: id0\r\n")));
  REQUIRE(late.ask(follow("Last-Event-ID: id7\r\n")));
  CHECK(next_event(late) == "progress 0");
  shown.becomes("1", true);
  CHECK(next_event(again) == "settled 1");
  CHECK(next_event(late) == "settled 1");
  CHECK(over.ask(follow("Last-Event-ID: id1\r\n"))->status == 204);
}

TEST_CASE_FIXTURE(fixture, "what is wrong from the start is an ordinary answer") {
  start();
  shown.refuses(404);
  http_client client(server->port());
  auto answer = client.ask(follow());
  REQUIRE(answer);
  CHECK(answer->status == 404);
  CHECK(answer->body.find("\"code\"") != std::string::npos);
  CHECK(client.closed_within(5s));
}

TEST_CASE_FIXTURE(fixture, "a store that is away for a moment ends nothing, a deleted notification ends it") {
  start();
  http_client client(server->port());
  REQUIRE(client.ask(follow()));
  CHECK(next_event(client) == "progress 0");
  auto looks = shown.looks.load();
  shown.refuses(503);
  CHECK(eventually([&] { return shown.looks > looks; }));
  shown.becomes("1");
  shown.refuses(200);
  CHECK(next_event(client) == "progress 1");
  shown.refuses(404);
  CHECK(!next_event(client));
  CHECK(client.chunks_ended());
}

TEST_CASE_FIXTURE(fixture, "a key that was revoked ends its own stream and no other's") {
  start();
  http_client revoked(server->port()), good(server->port());
  REQUIRE(revoked.ask(follow("Authorization: a\r\n")));
  REQUIRE(good.ask(follow("Authorization: b\r\n")));
  CHECK(next_event(revoked) == "progress 0");
  CHECK(next_event(good) == "progress 0");
  shown.refuses(401, "a");
  CHECK(!next_event(revoked));
  shown.becomes("1");
  CHECK(next_event(good) == "progress 1");
}

TEST_CASE_FIXTURE(fixture, "there are so many places and no more, and they become free again") {
  limits_settings limits;
  limits.progress_watchers = 3;
  start(limits);
  std::vector<std::unique_ptr<http_client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<http_client>(server->port()));
    REQUIRE(clients.back()->ask(follow()));
  }
  http_client refused(server->port());
  CHECK(refused.ask(follow())->status == 503);
  clients[0]->abort();
  clients[1]->close_now();
  CHECK(eventually([&] { return server->stats().progress_watchers == 1; }));
  http_client next(server->port());
  CHECK(next.ask(follow())->status == 200);
}

TEST_CASE_FIXTURE(fixture,
                  "a client that does not read gets the newest once it does, and memory stays flat") {
  limits_settings limits;
  limits.http_body_seconds = 60;
  start(limits);
  http_client slow(server->port(), 1024);
  REQUIRE(slow.send(follow()));
  // Each event is larger than what the sockets hold, so that all but the first few wait for the client.
  for (int i = 0; i < 6; ++i) {
    auto looks = shown.looks.load();
    shown.becomes(std::to_string(i) + std::string(4'000'000, '.'));
    CHECK(eventually([&] { return shown.looks > looks + 1; }));
  }
  shown.becomes("last", true);
  REQUIRE(slow.receive());
  int events = 0;
  std::string last;
  while (auto event = next_event(slow)) {
    ++events;
    last = event->substr(0, 20);
  }
  CHECK(last == "settled last");
  CHECK(events <= 4);
}

TEST_CASE_FIXTURE(fixture, "a client that reads nothing for long is cut") {
  limits_settings limits;
  limits.http_body_seconds = 1;
  start(limits);
  http_client stuck(server->port(), 1024);
  shown.becomes(std::string(20'000'000, '.'));
  REQUIRE(stuck.send(follow()));
  CHECK(eventually([&] { return server->stats().progress_watchers == 1; }));
  CHECK(eventually([&] { return server->stats().progress_watchers == 0; }));
}

TEST_CASE_FIXTURE(fixture,
                  "HEAD is the head alone, HTTP/1.0 has no chunks, and who says no more still hears") {
  start();
  http_client head(server->port()), old(server->port()), half(server->port());
  REQUIRE(head.send("HEAD " + path + " HTTP/1.1\r\nHost: t\r\n\r\n"));
  CHECK(head.receive(true)->status == 200);
  CHECK(head.rest() == "");
  REQUIRE(half.ask(follow()));
  half.half_close();
  REQUIRE(old.send("GET " + path + " HTTP/1.0\r\n\r\n"));
  CHECK(old.receive()->headers.count("transfer-encoding") == 0);
  shown.becomes("1", true);
  auto body = old.rest();
  REQUIRE(body);
  CHECK(body->find("event: settled\ndata: 1\n\n") != std::string::npos);
  CHECK(next_event(half) == "progress 0");
  CHECK(next_event(half) == "settled 1");
}

TEST_CASE_FIXTURE(fixture, "a server that stops ends its streams properly") {
  start();
  http_client client(server->port());
  REQUIRE(client.ask(follow()));
  CHECK(next_event(client) == "progress 0");
  server->stop();
  CHECK(!next_event(client));
  CHECK(client.chunks_ended());
}
