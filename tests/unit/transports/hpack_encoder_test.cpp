// Our encoder against nghttp2's decoder.
#include <doctest/doctest.h>

#include <nghttp2/nghttp2.h>

#include "transports/hpack_encoder.hpp"

using namespace pusher::h2;

namespace {

class decoder {
 public:
  decoder() { nghttp2_hd_inflate_new(&state_); }
  ~decoder() { nghttp2_hd_inflate_del(state_); }
  void limit_table(size_t bytes) { nghttp2_hd_inflate_change_table_size(state_, bytes); }

  request_head decode(std::string_view block) {
    request_head head;
    auto* at = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      auto used = nghttp2_hd_inflate_hd2(state_, &field, &flags, at, left, 1);
      REQUIRE(used >= 0);
      at += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        head.push_back({std::string(field.name, field.name + field.namelen),
                        std::string(field.value, field.value + field.valuelen)});
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(state_);
    return head;
  }

 private:
  nghttp2_hd_inflater* state_ = nullptr;
};

std::shared_ptr<const request_head> head_with(const std::string& token) {
  return std::make_shared<request_head>(request_head{{":method", "POST"},
                                                     {":scheme", "https"},
                                                     {":authority", "fcm.googleapis.com"},
                                                     {":path", "/v1/projects/p/messages:send"},
                                                     {"authorization", "Bearer " + token},
                                                     {"x-other", "value"},
                                                     {"user-agent", "pusher"}});
}

}  // namespace

TEST_CASE("the same head is decoded from every block, and costs a byte a field from the second one on") {
  hpack_encoder encoder;
  decoder peer;
  auto head = head_with(std::string(1'000, 't'));
  CHECK(peer.decode(encoder.encode(head)) == *head);
  for (int i = 0; i < 3; ++i) {
    auto block = encoder.encode(head);
    CHECK(block.size() == head->size());
    CHECK(peer.decode(block) == *head);
  }
}

TEST_CASE("heads that change again and again stay readable while old entries fall out of the table") {
  hpack_encoder encoder;
  decoder peer;
  for (int generation = 0; generation < 50; ++generation) {
    auto head = head_with(std::to_string(generation) + std::string(900, 't'));
    for (int i = 0; i < 3; ++i)
      CHECK(peer.decode(encoder.encode(head)) == *head);
  }
}

TEST_CASE("a token larger than the table is sent each time and never indexed") {
  hpack_encoder encoder;
  decoder peer;
  auto head = head_with(std::string(5'000, 't'));
  for (int i = 0; i < 3; ++i) {
    auto block = encoder.encode(head);
    CHECK(block.size() > 5'000);
    CHECK(peer.decode(block) == *head);
  }
}

TEST_CASE("a peer with a small table is told that we keep to it") {
  for (size_t bytes : {size_t{0}, size_t{64}, size_t{200}}) {
    hpack_encoder encoder;
    decoder peer;
    auto head = head_with("token");
    CHECK(peer.decode(encoder.encode(head)) == *head);
    peer.limit_table(bytes);
    encoder.limit_table(bytes);
    for (int i = 0; i < 3; ++i)
      CHECK(peer.decode(encoder.encode(head)) == *head);
  }
}

TEST_CASE("a path and secrets are never indexed, other fields as their rule says") {
  hpack_encoder encoder;
  decoder peer;
  auto head = std::make_shared<request_head>(
      request_head{{":method", "POST"},
                   {":scheme", "https"},
                   {":authority", "api.push.apple.com"},
                   {"authorization", "bearer " + std::string(200, 'j'), indexing::never},
                   {"apns-topic", "com.example.app"},
                   {"apns-expiration", "1800000000", indexing::first_time}});
  std::vector<size_t> sizes;
  for (int i = 0; i < 4; ++i) {
    auto path = "/3/device/" + std::string(64, static_cast<char>('a' + i));
    request_head own{{"apns-id", std::string(36, static_cast<char>('0' + i)), indexing::first_time}};
    auto block = encoder.encode(head, path, own);
    sizes.push_back(block.size());
    request_head expected{{":path", path}};
    expected.insert(expected.end(), head->begin(), head->end());
    expected.insert(expected.end(), own.begin(), own.end());
    CHECK(peer.decode(block) == expected);
    // Literals that may be remembered begin with 01; a path's is 0001 with the static name 4.
    CHECK(static_cast<unsigned char>(block[0]) == 0x14);
    CHECK(block.find(path) != std::string_view::npos);
  }
  CHECK(sizes[1] < sizes[0]);
  CHECK(sizes[1] == sizes[2]);
  CHECK(sizes[2] == sizes[3]);
}
