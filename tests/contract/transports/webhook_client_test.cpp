// The client of webhooks against a receiver that misbehaves, and against destinations that it must not reach.
#include "transports/webhook_client.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

using namespace pusher;
using std::chrono::milliseconds;

namespace {

/// Listens on loopback and gives every connection the same bytes, whatever it asks. Counts connections: what
/// does not arrive here has not left.
class listener {
 public:
  explicit listener(std::function<void(int)> answer) : answer_(std::move(answer)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(socket_, 16) == 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~listener() {
    stopping_ = true;
    thread_.join();
    ::close(socket_);
  }
  uint16_t port = 0;
  std::atomic<int> connections{0};

  std::string asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void run() {
    while (!stopping_) {
      pollfd wait{socket_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) continue;
      ++connections;
      read_request(client);
      answer_(client);
      ::close(client);
    }
  }
  void read_request(int client) {
    std::string all;
    char bytes[4096];
    // Header and body come together in these tests.
    while (all.find("\r\n\r\n") == std::string::npos) {
      auto count = ::recv(client, bytes, sizeof bytes, 0);
      if (count <= 0) break;
      all.append(bytes, static_cast<size_t>(count));
    }
    std::lock_guard lock(mutex_);
    asked_ = all;
  }

  std::function<void(int)> answer_;
  int socket_ = -1;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::string asked_;
  std::thread thread_;
};

bool say(int client, const std::string& text) {
  return ::send(client, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::function<void(int)> saying(std::string text) {
  return [text = std::move(text)](int client) { say(client, text); };
}

webhook_client_rules test_rules(milliseconds timeout = milliseconds(5'000)) {
  webhook_client_rules rules;
  rules.outside.allow_private = rules.outside.allow_http = true;
  rules.timeout = timeout;
  return rules;
}

webhook_answer post(const webhook_client_rules& rules, const std::string& url) {
  webhook_client client(rules);
  client.start({7, url, {"content-type: application/json", "webhook-id: msg_1"}, R"({"type":"ping"})"});
  std::vector<webhook_answer> answers;
  while (answers.empty())
    answers = client.wait(milliseconds(100));
  CHECK(client.under_way() == 0);
  CHECK(answers.front().tag == 7);
  return answers.front();
}

std::string to(const listener& at, const std::string& path = "/hook") {
  return "http://127.0.0.1:" + std::to_string(at.port) + path;
}

}  // namespace

TEST_CASE("a webhook is posted as it is, and the answer told") {
  listener at(saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nth\x01nk"));
  auto answer = post(test_rules(), to(at, "/hook?x=1"));
  CHECK(answer.status == 200);
  CHECK(answer.taken());
  CHECK(answer.excerpt == "th nk");
  auto asked = at.asked();
  CHECK(asked.rfind("POST /hook?x=1 HTTP/1.1\r\n", 0) == 0);
  CHECK(asked.find("webhook-id: msg_1\r\n") != std::string::npos);
  CHECK(asked.find("User-Agent: pusher-webhooks/1\r\n") != std::string::npos);
  CHECK(asked.find("Expect") == std::string::npos);
  CHECK(asked.find("Accept-Encoding") == std::string::npos);
}

TEST_CASE("what a receiver says beside 2xx is told as it is") {
  listener busy(saying("HTTP/1.1 503 x\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"));
  auto answer = post(test_rules(), to(busy));
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.taken());
  CHECK(answer.retry_after_ms == 30'000);
  listener none(saying(""));
  CHECK(post(test_rules(), to(none)).trouble == "the connection was cut before the answer");
  listener nonsense(saying("SSH-2.0-OpenSSH_9\r\n"));
  CHECK(post(test_rules(), to(nonsense)).status == 0);
}

TEST_CASE("redirects are not followed") {
  listener target(saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  listener at(saying("HTTP/1.1 307 x\r\nLocation: " + to(target) + "\r\nContent-Length: 0\r\n\r\n"));
  auto answer = post(test_rules(), to(at));
  CHECK(answer.status == 307);
  CHECK(answer.trouble == "redirects are not followed");
  CHECK(target.connections == 0);
}

TEST_CASE("an endless answer is cut, a compressed one is not inflated, and an endless header is no answer") {
  std::atomic<size_t> sent{0};
  listener endless([&](int client) {
    say(client, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1073741824\r\n\r\n");
    std::string chunk(65'536, '\x1f');
    while (sent < 1'073'741'824 && say(client, chunk))
      sent += chunk.size();
  });
  auto answer = post(test_rules(), to(endless));
  CHECK(answer.taken());
  CHECK(answer.excerpt == std::string(200, ' '));
  CHECK(sent < 64 * 1024 * 1024);  // what the sockets' buffers took
  listener header([](int client) {
    say(client, "HTTP/1.1 200 OK\r\n");
    while (say(client, "X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  CHECK(post(test_rules(), to(header)).status == 0);
}

TEST_CASE("a receiver that hangs or drips has until the time-out, and what it said by then counts") {
  std::promise<void> over;
  auto ended = over.get_future().share();
  listener hangs([&](int) { ended.wait(); });
  auto answer = post(test_rules(milliseconds(300)), to(hangs));
  CHECK(answer.status == 0);
  CHECK(answer.trouble == "there was no answer within 300 ms");
  listener drips([&](int client) {
    say(client, "HTTP/1.1 202 OK\r\nContent-Length: 100000\r\n\r\n");
    while (ended.wait_for(milliseconds(20)) == std::future_status::timeout && say(client, "x")) {
    }
  });
  CHECK(post(test_rules(milliseconds(300)), to(drips)).status == 202);
  over.set_value();
}

TEST_CASE("several go at the same time, and one that hangs holds up no other") {
  std::promise<void> over;
  listener hangs([ended = over.get_future().share()](int) { ended.wait(); });
  listener at(saying("HTTP/1.1 204 OK\r\n\r\n"));
  webhook_client client(test_rules());
  client.start({1, to(hangs), {}, "{}"});
  client.start({2, to(at), {}, "{}"});
  std::vector<webhook_answer> answers;
  while (answers.empty())
    answers = client.wait(milliseconds(100));
  CHECK(answers.front().tag == 2);
  CHECK(client.under_way() == 1);
  client.abandon();
  CHECK(client.under_way() == 0);
  over.set_value();
}

TEST_CASE("no packet leaves to an address that is not public, however the URL says it") {
  listener at(saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  webhook_client_rules rules;
  rules.outside.ports = {at.port};
  rules.timeout = milliseconds(3'000);
  auto port = ":" + std::to_string(at.port) + "/";
  for (const auto& host :
       {"127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0", "0.0.0.0", "[::1]",
        "[::ffff:127.0.0.1]", "[::]", "localhost", "localhost.", "LOCALHOST", "user@127.0.0.1",
        "example.com@127.0.0.1", "169.254.169.254", "10.0.0.1", "100.64.0.1"}) {
    for (const char* scheme : {"https://", "http://", "ftp://", "gopher://"}) {
      auto url = scheme + std::string(host) + port;
      auto answer = post(rules, url);
      CHECK_MESSAGE(answer.trouble.rfind("destination: ", 0) == 0, url << " -> " << answer.trouble);
    }
  }
  // A name that passes for a public one and leads to loopback when it is connected to: libcurl itself answers
  // it.
  auto answer = post(rules, "https://hook.localhost" + port);
  CHECK_MESSAGE(answer.trouble.rfind("destination: ", 0) == 0, answer.trouble);
  CHECK(at.connections == 0);
  // The same name arrives when private addresses may be reached: what stopped it was the check.
  rules.outside.allow_private = true;
  post(rules, "https://hook.localhost" + port);
  CHECK(at.connections == 1);
}

TEST_CASE("proxies of the environment are not used") {
  listener proxy(saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  listener at(saying("HTTP/1.1 204 OK\r\n\r\n"));
  auto address = to(proxy, "");
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
    ::setenv(name, address.c_str(), 1);
  CHECK(post(test_rules(), to(at)).status == 204);
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
    ::unsetenv(name);
  CHECK(proxy.connections == 0);
}
