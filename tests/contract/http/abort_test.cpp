// The promise for which the server sends by itself: an answer never reaches a client that did not ask for it.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "answering.hpp"
#include "client.hpp"
#include "http/server.hpp"

using namespace pusher;

namespace {

uint64_t wanted_aborts() {
  const char* told = std::getenv("PUSHER_ABORTS");
  return told != nullptr ? std::strtoull(told, nullptr, 10) : 20'000;
}

struct tally {
  std::atomic<uint64_t> aborted{0}, answered{0}, wrong{0}, unanswered{0};
};

/// One client: most of its connections are cut at a random moment, the others check what they get.
class rude_client {
 public:
  rude_client(uint16_t port, unsigned number, tally& counts)
      : port_(port), number_(number), counts_(counts), chance_(number) {}

  void run(uint64_t aborts) {
    while (counts_.aborted < aborts) {
      http_client connection(port_);
      if (!connection.connected()) continue;
      if (chance_() % 8 == 0)
        stay(connection);
      else
        leave(connection);
    }
  }

 private:
  std::string next_request(std::string& id) {
    id = std::to_string(number_) + "-" + std::to_string(++sent_);
    if (chance_() % 2 == 0) return http_client::get("/" + id, "X-Request-Id: " + id + "\r\n");
    return http_client::post("/" + id, std::string(chance_() % 3000, 'b'), "X-Request-Id: " + id + "\r\n");
  }

  void stay(http_client& connection) {
    for (int i = 0; i < 3; ++i) {
      std::string id;
      auto answer = connection.ask(next_request(id));
      if (!answer) {
        ++counts_.unanswered;
        return;
      }
      check(*answer, id);
    }
  }

  void leave(http_client& connection) {
    std::string id;
    auto request = next_request(id);
    // Somewhere within the request, right behind it, or a moment later.
    bool whole = chance_() % 4 != 0;
    (void)connection.send(
        std::string_view(request).substr(0, whole ? request.size() : chance_() % request.size()));
    if (chance_() % 2 == 0) {
      auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(chance_() % 600);
      while (std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    }
    if (chance_() % 2 == 0)
      connection.abort();
    else
      connection.close_now();
    ++counts_.aborted;
  }

  void check(received_answer& answer, const std::string& id) {
    ++counts_.answered;
    if (answer.status != 200 || answer.body != "/" + id || answer.headers["x-request-id"] != id)
      ++counts_.wrong;
  }

  const uint16_t port_;
  const unsigned number_;
  tally& counts_;
  std::mt19937 chance_;
  uint64_t sent_ = 0;
};

}  // namespace

TEST_CASE("no answer reaches a client that did not ask for it, whenever clients leave") {
  late_answers answers(4, std::chrono::microseconds(500),
                       [](const http::request& asked) { return with_body(asked.path); });
  auto server = http::server::start({"127.0.0.1", 0}, {}, answers, nullptr, 2);
  REQUIRE(server.ok());
  tally counts;
  {
    std::vector<std::thread> clients;
    for (unsigned number = 0; number < 24; ++number)
      clients.emplace_back(
          [&, number] { rude_client((*server)->port(), number, counts).run(wanted_aborts()); });
    for (auto& each : clients)
      each.join();
  }
  CHECK(counts.wrong == 0);
  CHECK(counts.unanswered == 0);
  CHECK(counts.answered > counts.aborted / 10);
  CHECK(eventually([&] { return (*server)->stats().open_connections == 0; }));
  CHECK(eventually([&] { return (*server)->stats().waiting_requests == 0; }));
  CHECK((*server)->stats().request_bytes == 0);
  auto dropped = (*server)->stats().answers_without_client;
  CHECK(dropped > 0);
  MESSAGE("aborted " << counts.aborted.load() << ", answered " << counts.answered.load() << ", wrong "
                     << counts.wrong.load() << ", answers whose client had gone " << dropped);
}
