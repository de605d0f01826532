// HTTP/1.1 as servers speak it, in pieces of any size.
#include <doctest/doctest.h>

#include <vector>

#include "transports/h1_session.hpp"

using namespace pusher;
using namespace pusher::h2;

namespace {

const steady_time start{std::chrono::hours(1)};

struct collector final : exchange_listener {
  void on_finished(exchange& done) override { finished.push_back(&done); }
  std::vector<exchange*> finished;
};

struct one_request {
  one_request() {
    request.head = std::make_shared<request_head>(request_head{{":method", "POST"},
                                                               {":scheme", "https"},
                                                               {":authority", "push.example.com"},
                                                               {":path", "/from-head"},
                                                               {"ttl", "60"}});
    request.own = {{"x-own", "1"}};
    request.payload = {"ab", "", "cd"};
  }
  std::string written() {
    std::string all;
    std::array<uint8_t, http_session::max_frame_bytes> buffer;
    while (auto count = session.produce(buffer.data(), buffer.size()))
      all.append(reinterpret_cast<const char*>(buffer.data()), count);
    session.handed_over(handed += all.size());
    return all;
  }
  bool hear(const std::string& text) {
    return session.receive(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }

  collector listener;
  h1_session session{listener};
  exchange request;
  uint64_t handed = 0;
};

}  // namespace

TEST_CASE("a request is written with its own path and fields, and one follows another") {
  one_request it;
  it.request.path = "/own";
  it.session.submit(it.request, start);
  CHECK(
      it.written() ==
      "POST /own HTTP/1.1\r\nhost: push.example.com\r\nttl: 60\r\nx-own: 1\r\ncontent-length: 4\r\n\r\nabcd");
  REQUIRE(it.hear("HTTP/1.1 201 Created\r\nLocation: /m/1\r\nContent-Length: 0\r\n\r\n"));
  REQUIRE(it.listener.finished.size() == 1);
  CHECK(it.request.how == ending::answered);
  CHECK(it.request.status == 201);
  CHECK(it.request.message_id == "/m/1");
  it.request.path.clear();
  it.session.submit(it.request, start);
  CHECK(it.written().rfind("POST /from-head HTTP/1.1", 0) == 0);
  REQUIRE(it.hear("HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno"));
  CHECK(it.request.status == 429);
  CHECK(it.request.retry_after == "7");
  CHECK(it.request.body == "no");
  CHECK_FALSE(it.session.going_away());
}

TEST_CASE("answers are the same in pieces of any size") {
  const std::string answers[] = {
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: "
      "1\r\n\r\n",
  };
  for (auto& answer : answers) {
    for (size_t piece = 1; piece <= answer.size(); ++piece) {
      one_request it;
      it.session.submit(it.request, start);
      it.written();
      for (size_t at = 0; at < answer.size(); at += piece)
        REQUIRE(it.hear(answer.substr(at, piece)));
      REQUIRE(it.listener.finished.size() == 1);
      CHECK(it.request.status == 200);
      CHECK(it.request.body == "hello");
      CHECK(it.session.in_flight() == 0);
    }
  }
}

TEST_CASE("what has no length ends with the connection; 204 has no body") {
  one_request it;
  it.session.submit(it.request, start);
  it.written();
  REQUIRE(it.hear("HTTP/1.1 200 OK\r\n\r\nall of it"));
  CHECK(it.listener.finished.empty());
  CHECK(it.session.going_away());
  it.session.abandon();
  CHECK(it.request.how == ending::answered);
  CHECK(it.request.body == "all of it");
  one_request empty;
  empty.session.submit(empty.request, start);
  empty.written();
  REQUIRE(empty.hear("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
  CHECK(empty.request.how == ending::answered);
  CHECK(empty.session.going_away());
}

TEST_CASE("a request whose end was not handed to the socket is unsent, else unknown") {
  one_request before;
  before.session.submit(before.request, start);
  before.session.abandon();
  CHECK(before.request.how == ending::unsent);
  one_request after;
  after.session.submit(after.request, start);
  after.written();
  after.session.abandon();
  CHECK(after.request.how == ending::unknown);
  one_request late;
  late.session.submit(late.request, start);
  late.written();
  CHECK(late.session.expire(start) == 0);
  CHECK(late.session.expire(start + std::chrono::seconds(1)) == 1);
  CHECK(late.request.how == ending::unknown);
  CHECK(late.session.over());
}

TEST_CASE("an answer cut off in its body is a refusal, but no success") {
  for (int status : {200, 400}) {
    one_request it;
    it.session.submit(it.request, start);
    it.written();
    REQUIRE(it.hear("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 10\r\n\r\nhal"));
    it.session.abandon();
    CHECK(it.request.how == (status == 200 ? ending::unknown : ending::answered));
  }
}

TEST_CASE("a giant body ends the connection, its first part is kept") {
  one_request it;
  it.session.submit(it.request, start);
  it.written();
  REQUIRE(it.hear("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + std::string(200'000, 'x')));
  CHECK(it.request.how == ending::answered);
  CHECK(it.request.capped);
  CHECK(it.request.body.size() == answer_body_cap);
  CHECK(it.session.over());
}

TEST_CASE("what is not HTTP/1.1 is refused") {
  for (const char* nonsense :
       {"HTTP/2 200\r\n\r\n", "hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 101 Up\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    one_request it;
    it.session.submit(it.request, start);
    it.written();
    CHECK_MESSAGE(!it.hear(nonsense), nonsense);
  }
  one_request unasked;
  CHECK_FALSE(unasked.hear("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  one_request endless;
  endless.session.submit(endless.request, start);
  CHECK_FALSE(endless.hear("HTTP/1.1 200 OK\r\n" + std::string(70'000, 'x')));
}
