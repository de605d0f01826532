// Our HTTP/2 session against nghttp2's server side, frame by frame and without a socket.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "transports/h2_session.hpp"

using namespace pusher;
using namespace pusher::h2;

namespace {

using std::chrono::seconds;

struct collector final : exchange_listener {
  std::vector<exchange*> finished;
  void on_finished(exchange& done) override { finished.push_back(&done); }
};

/// A server that keeps requests until the test answers them.
class server {
 public:
  struct request {
    std::map<std::string, std::string> head;
    std::string body;
    bool complete = false;
  };
  std::map<int32_t, request> requests;

  explicit server(std::vector<nghttp2_settings_entry> settings = {}) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self) {
          auto& head = static_cast<server*>(self)->requests[frame->hd.stream_id].head;
          head[{name, name + name_size}] = std::string(value, value + value_size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t count, void* self) {
          static_cast<server*>(self)->requests[stream].body.append(bytes, bytes + count);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            static_cast<server*>(self)->requests[frame->hd.stream_id].complete = true;
          return 0;
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  ~server() { nghttp2_session_del(session_); }

  void answer(int32_t stream, const std::string& status, const std::string& body,
              const std::string& retry_after = "") {
    std::vector<nghttp2_nv> fields{field(":status", status)};
    if (!retry_after.empty()) fields.push_back(field("retry-after", retry_after));
    bodies_[stream] = body;
    nghttp2_data_provider provider;
    provider.source.ptr = &bodies_[stream];
    provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags,
                                nghttp2_data_source* source, void*) {
      auto& left = *static_cast<std::string*>(source->ptr);
      size_t count = left.copy(reinterpret_cast<char*>(into), room);
      left.erase(0, count);
      if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(count);
    };
    nghttp2_submit_response(session_, stream, fields.data(), fields.size(), &provider);
  }
  void reset(int32_t stream, uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code);
  }
  void go_away(int32_t last_stream) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, NGHTTP2_NO_ERROR, nullptr, 0);
  }

  void receive(const std::vector<uint8_t>& bytes) {
    REQUIRE(nghttp2_session_mem_recv(session_, bytes.data(), bytes.size()) >= 0);
  }
  void send_to(session& client) {
    const uint8_t* bytes = nullptr;
    for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      REQUIRE(client.receive(bytes, static_cast<size_t>(count)));
  }

 private:
  /// The texts must live until the frame is submitted; nghttp2 copies them then.
  static nghttp2_nv field(std::string_view name, std::string_view value) {
    auto bytes = [](std::string_view text) {
      return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }

  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::string> bodies_;
};

/// A client and a server, joined by hand.
struct pair_of_ends {
  collector sink;
  session client{sink};
  server peer;
  uint64_t handed_over = 0;
  std::shared_ptr<const request_head> head =
      std::make_shared<request_head>(request_head{{":method", "POST"},
                                                  {":scheme", "https"},
                                                  {":authority", "gateway.example"},
                                                  {":path", "/send"},
                                                  {"authorization", "Bearer secret"},
                                                  {"content-type", "application/json"}});

  explicit pair_of_ends(std::vector<nghttp2_settings_entry> settings = {}) : peer(std::move(settings)) {
    exchange_all();
  }

  std::vector<uint8_t> produce(size_t room = 64 * 1024) {
    std::vector<uint8_t> bytes(room);
    bytes.resize(client.produce(bytes.data(), room));
    return bytes;
  }
  /// Carries everything both ways until both are silent.
  void exchange_all() {
    for (int i = 0; i < 20; ++i) {
      auto bytes = produce();
      handed_over += bytes.size();
      client.handed_over(handed_over);
      if (!bytes.empty()) peer.receive(bytes);
      peer.send_to(client);
    }
  }
  void submit(exchange& request, std::array<std::string_view, 3> payload, steady_time at = {}) {
    request.head = head;
    request.payload = payload;
    client.submit(request, at);
  }
};

}  // namespace

TEST_CASE("a request arrives with its head and its body in pieces, and the answer comes back") {
  pair_of_ends ends;
  exchange first, second;
  ends.submit(first, {"{\"a\":", "1", "}"});
  ends.submit(second, {"x", "", "y"});
  ends.exchange_all();
  REQUIRE(ends.peer.requests.size() == 2);
  for (auto stream : {1, 3}) {
    auto& got = ends.peer.requests[stream].head;
    CHECK(got.at(":method") == "POST");
    CHECK(got.at(":authority") == "gateway.example");
    CHECK(got.at(":path") == "/send");
    CHECK(got.at("authorization") == "Bearer secret");
  }
  CHECK(ends.peer.requests[1].body == "{\"a\":1}");
  CHECK(ends.peer.requests[3].body == "xy");
  ends.peer.answer(3, "200", "fine");
  ends.peer.answer(1, "503", "later", "12");
  ends.exchange_all();
  REQUIRE(ends.sink.finished.size() == 2);
  CHECK(first.how == ending::answered);
  CHECK(first.status == 503);
  CHECK(first.retry_after == "12");
  CHECK(second.status == 200);
  CHECK(second.body == "fine");
  CHECK(ends.client.in_flight() == 0);
}

TEST_CASE("a body larger than all windows goes out as the peer makes room") {
  pair_of_ends ends;
  exchange request;
  std::string large(300'000, 'z');
  ends.submit(request, {"<", large, ">"});
  ends.exchange_all();
  CHECK(ends.peer.requests[1].body.size() == large.size() + 2);
  CHECK(ends.peer.requests[1].complete);
}

TEST_CASE("an answer's body is kept up to the cap, and the status decides") {
  pair_of_ends ends;
  exchange request;
  ends.submit(request, {"x", "", ""});
  ends.exchange_all();
  ends.peer.answer(1, "200", std::string(500'000, 'b'));
  ends.exchange_all();
  REQUIRE(ends.sink.finished.size() == 1);
  CHECK(request.how == ending::answered);
  CHECK(request.body.size() == answer_body_cap);
}

TEST_CASE("a refused stream was not processed; a reset one may have been") {
  pair_of_ends ends;
  exchange refused, broken;
  ends.submit(refused, {"x", "", ""});
  ends.submit(broken, {"x", "", ""});
  ends.exchange_all();
  ends.peer.reset(1, NGHTTP2_REFUSED_STREAM);
  ends.peer.reset(3, NGHTTP2_INTERNAL_ERROR);
  ends.exchange_all();
  CHECK(refused.how == ending::unsent);
  CHECK(broken.how == ending::unknown);
}

TEST_CASE("streams above a GOAWAY's last id were not processed; those below are still answered") {
  pair_of_ends ends;
  std::array<exchange, 3> requests;
  for (auto& each : requests)
    ends.submit(each, {"x", "", ""});
  ends.exchange_all();
  ends.peer.go_away(1);
  ends.exchange_all();
  CHECK(ends.client.going_away());
  REQUIRE(ends.sink.finished.size() == 2);
  CHECK(requests[1].how == ending::unsent);
  CHECK(requests[2].how == ending::unsent);
  ends.peer.answer(1, "200", "fine");
  ends.exchange_all();
  CHECK(requests[0].how == ending::answered);
}

TEST_CASE("of a lost connection only what was handed to the socket completely is in doubt") {
  pair_of_ends ends;
  exchange gone, half_gone, waiting;
  ends.submit(gone, {"x", "", ""});
  auto bytes = ends.produce();
  ends.handed_over += bytes.size();
  ends.client.handed_over(ends.handed_over);

  std::string large(30'000, 'z');
  ends.submit(half_gone, {large, "", ""});
  bytes = ends.produce(session::max_frame_bytes);
  ends.handed_over += bytes.size();
  ends.client.handed_over(ends.handed_over);

  ends.submit(waiting, {"x", "", ""});
  ends.client.abandon();
  CHECK(gone.how == ending::unknown);
  CHECK(half_gone.how == ending::unsent);
  CHECK(waiting.how == ending::unsent);
  CHECK(waiting.connection_lost);
  CHECK(ends.client.in_flight() == 0);
}

TEST_CASE("what was framed and not handed to the socket was not sent") {
  pair_of_ends ends;
  exchange request;
  ends.submit(request, {"x", "", ""});
  auto bytes = ends.produce();
  CHECK(bytes.size() > 18);
  ends.client.abandon();
  CHECK(request.how == ending::unsent);
}

TEST_CASE("requests past their deadline are reset and end, the others go on") {
  pair_of_ends ends;
  steady_time start{seconds(100)};
  exchange late, young;
  ends.submit(late, {"x", "", ""}, start);
  ends.submit(young, {"x", "", ""}, start + seconds(10));
  ends.exchange_all();
  CHECK(ends.client.expire(start + seconds(5)) == 1);
  CHECK(late.how == ending::unknown);
  CHECK_FALSE(late.connection_lost);
  ends.exchange_all();
  ends.peer.answer(3, "200", "fine");
  ends.exchange_all();
  CHECK(young.how == ending::answered);
}

TEST_CASE("a request that never left by its deadline is unsent, and its exchange can be used again") {
  pair_of_ends ends;
  steady_time start{seconds(100)};
  exchange request;
  ends.submit(request, {"first", "", ""}, start);
  CHECK(ends.client.expire(start + seconds(1)) == 1);
  CHECK(request.how == ending::unsent);
  ends.submit(request, {"second", "", ""}, start + seconds(1));
  ends.exchange_all();
  size_t complete = 0;
  for (auto& each : ends.peer.requests)
    if (each.second.complete) {
      ++complete;
      CHECK(each.second.body == "second");
    }
  CHECK(complete == 1);
}

TEST_CASE("the peer's limits of streams and of header memory are honoured") {
  pair_of_ends ends({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 7}, {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 64}});
  CHECK(ends.client.ready());
  CHECK(ends.client.max_streams() == 7);
  std::array<exchange, 5> requests;
  for (auto& each : requests)
    ends.submit(each, {"x", "", ""});
  ends.exchange_all();
  CHECK(ends.peer.requests.size() == 5);
  CHECK(ends.peer.requests[9].head.at("authorization") == "Bearer secret");
}

TEST_CASE("a head that repeats costs a byte a field") {
  pair_of_ends ends;
  exchange first, second;
  ends.submit(first, {"x", "", ""});
  auto before = ends.produce().size();
  ends.submit(second, {"x", "", ""});
  auto after = ends.produce().size();
  CHECK(before > 60);
  CHECK(after == 9 + 6 + 9 + 1);
}

TEST_CASE("bytes that are not HTTP/2 end the session") {
  collector sink;
  session client(sink);
  CHECK_FALSE(client.over());
  std::string nonsense = "HTTP/1.1 400 Bad Request\r\n\r\n";
  client.receive(reinterpret_cast<const uint8_t*>(nonsense.data()), nonsense.size());
  std::vector<uint8_t> last_words(64 * 1024);
  client.produce(last_words.data(), last_words.size());
  CHECK(client.over());
}
