#include "http/request_parser.hpp"

#include <doctest/doctest.h>

#include "http/body_decoder.hpp"

using namespace pusher::http;

namespace {

/// Feeds the text in pieces of that size; gives the parser for a look at what came of it.
head_parser::state feed(head_parser& parser, std::string_view text, size_t piece = 4096) {
  auto reached = head_parser::state::incomplete;
  while (!text.empty() && reached == head_parser::state::incomplete) {
    auto input = text.substr(0, piece);
    auto before = input.size();
    reached = parser.feed(input);
    text.remove_prefix(before - input.size());
  }
  return reached;
}

request_head accepted(const std::string& text) {
  head_parser parser;
  CAPTURE(text);
  REQUIRE(feed(parser, text) == head_parser::state::complete);
  return parser.take_head();
}

int refused(const std::string& text) {
  head_parser parser;
  CAPTURE(text.substr(0, 120));
  REQUIRE(feed(parser, text) == head_parser::state::refused);
  CHECK(!parser.why().why.detail.empty());
  return parser.why().status;
}

std::string with(const std::string& headers) {
  return "POST /a HTTP/1.1\r\nHost: t\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("a head is read the same however it is cut") {
  std::string text =
      "POST /v1/devices/a%2Fb?limit=5&name=J%C3%BCrgen+K HTTP/1.1\r\nHost: t\r\nContent-Length: 12\r\n"
      "X-Many: a\r\nx-many: b\r\nEmpty:\r\n\r\n";
  for (size_t piece : {1, 2, 3, 7, 4096}) {
    head_parser parser;
    REQUIRE(feed(parser, text, piece) == head_parser::state::complete);
    auto head = parser.take_head();
    CHECK(head.request.method == "POST");
    CHECK(head.request.path == "/v1/devices/a%2Fb");
    CHECK(head.request.query == std::map<std::string, std::string>{{"limit", "5"}, {"name", "Jürgen K"}});
    CHECK(head.request.headers.at("x-many") == "a, b");
    CHECK(head.request.headers.at("empty").empty());
    CHECK(head.content_length == 12);
    CHECK(head.keep_alive);
  }
}

TEST_CASE("what follows the head is left alone") {
  head_parser parser;
  std::string_view input = "GET / HTTP/1.1\r\nHost: t\r\n\r\nrest";
  CHECK(parser.feed(input) == head_parser::state::complete);
  CHECK(input == "rest");
}

TEST_CASE("empty lines before a request are skipped, a few of them") {
  CHECK(accepted("\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n").request.path == "/");
  CHECK(refused("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n") == 400);
}

TEST_CASE("who keeps the connection") {
  CHECK(accepted("GET / HTTP/1.1\r\nHost: t\r\n\r\n").keep_alive);
  CHECK(!accepted("GET / HTTP/1.1\r\nHost: t\r\nConnection: x, Close\r\n\r\n").keep_alive);
  CHECK(!accepted("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(accepted("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST_CASE("the absolute form of a proxy means its path") {
  CHECK(accepted("GET http://host:80/a?b=c HTTP/1.1\r\nHost: t\r\n\r\n").request.path == "/a");
  CHECK(accepted("GET HTTP://host HTTP/1.1\r\nHost: t\r\n\r\n").request.path == "/");
}

TEST_CASE("hostile request lines are refused") {
  CHECK(refused("GET /\r\n\r\n") == 400);  // HTTP/0.9
  CHECK(refused("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  CHECK(refused("GET / http/1.1\r\n\r\n") == 400);
  CHECK(refused("GET  / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1 \r\n\r\n") == 400);
  CHECK(refused("GET\t/ HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused("G(T / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused(std::string(64 * 1024, 'A') + " / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused("GET /" + std::string(64 * 1024, 'a') + " HTTP/1.1\r\n\r\n") == 414);
  CHECK(refused("CONNECT host:1 HTTP/1.1\r\n\r\n") == 400);
  for (const char* host : {"a b", "a/b", "user@a", "a,b", "a#b", "a?b", "a\\\\b"})
    CHECK_MESSAGE(refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400, host);
  CHECK(refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(refused("\x16\x03\x01") == 400);
  CHECK(refused(std::string(3, '\0')) == 400);
  CHECK(refused("{\"json\":1}") == 400);
}

TEST_CASE("bare CR and bare LF are refused wherever they stand") {
  CHECK(refused("GET / HTTP/1.1\nHost: t\n\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nHost: t\nX: y\r\n\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nHost: t\rX: y\r\n\r\n") == 400);
  CHECK(refused("\nGET / HTTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("paths are percent-encoded UTF-8 without dot segments and control characters") {
  for (const char* path : {"/%", "/%2", "/%zz", "/%00", "/a%0ab", "/%7f", "/%ff", "/%c0%af", "/%ed%a0%80",
                           "/\xc3\xbc", "/..", "/a/../b", "/%2e%2e/b", "/.", "/a/%2E", "/a#b"})
    CHECK(refused("GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n\r\n") == 400);
  for (const char* path : {"/%2f%2F", "/a%3Ab", "/...", "/%F0%9F%98%80", "//a"})
    CHECK(accepted("GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n\r\n").request.path == path);
}

TEST_CASE("queries are decoded, and refused where they are doubtful") {
  auto query = [](const std::string& text) { return "GET /?" + text + " HTTP/1.1\r\nHost: t\r\n\r\n"; };
  CHECK(accepted(query("a=1&b=%26%3D&c&&d=x%2By+z")).request.query ==
        std::map<std::string, std::string>{{"a", "1"}, {"b", "&="}, {"c", ""}, {"d", "x+y z"}});
  CHECK(refused(query("a=1&a=2")) == 400);
  CHECK(refused(query("a=1&%61=2")) == 400);
  CHECK(refused(query("a=%zz")) == 400);
  CHECK(refused(query("a=%00")) == 400);
  CHECK(refused(query("a=%ff")) == 400);
}

TEST_CASE("hostile headers are refused") {
  CHECK(refused(with("Name : x\r\n")) == 400);
  CHECK(refused(with(" folded\r\n")) == 400);
  CHECK(refused(with("A: b\r\n\tfolded\r\n")) == 400);
  CHECK(refused(with("no colon\r\n")) == 400);
  CHECK(refused(with(": x\r\n")) == 400);
  CHECK(refused(with(std::string("A: b\0c\r\n", 8))) == 400);
  CHECK(refused(with("A: b\x01\r\n")) == 400);
  CHECK(refused(with("Host: u\r\n")) == 400);
  CHECK(refused(with("Authorization: Bearer a\r\nauthorization: Bearer b\r\n")) == 400);
  CHECK(refused("GET / HTTP/1.1\r\n\r\n") == 400);  // no Host
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "x" + std::to_string(i) + ": y\r\n";
  CHECK(refused(with(many)) == 431);
  CHECK(refused(with("A: " + std::string(300 * 1024, 'x') + "\r\n")) == 431);
  CHECK(refused(with("Expect: more\r\n")) == 417);
  CHECK(refused(with("Content-Encoding: br\r\n")) == 415);
  CHECK(refused(with("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n")) == 415);
}

TEST_CASE("the length of a body is stated once and plainly, or the request is refused") {
  for (const char* length : {"abc", "-1", "+1", "1 2", "0x10", "1,1", "", "9999999999999999999", "1e3"})
    CHECK(refused(with("Content-Length: " + std::string(length) + "\r\n")) == 400);
  CHECK(refused(with("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
  CHECK(refused(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(refused(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(refused(with("Transfer-Encoding: gzip, chunked\r\n")) == 501);
  CHECK(refused(with("Transfer-Encoding: identity\r\n")) == 501);
  CHECK(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(accepted(with("Transfer-Encoding: Chunked\r\n")).chunked);
  CHECK(accepted(with("Content-Length: 007\r\n")).content_length == 7);
  CHECK(!accepted(with("")).has_body());
}

namespace {

request_head chunked_head() {
  request_head head;
  head.chunked = true;
  return head;
}

body_decoder::state decode(const std::string& text, std::string& body, size_t piece) {
  body_decoder decoder(chunked_head());
  auto reached = body_decoder::state::incomplete;
  for (size_t at = 0; at < text.size() && reached == body_decoder::state::incomplete; at += piece) {
    auto input = std::string_view(text).substr(at, piece);
    reached = decoder.feed(input, body);
  }
  return reached;
}

}  // namespace

TEST_CASE("a body of stated length ends there") {
  request_head head;
  head.content_length = 5;
  body_decoder decoder(head);
  std::string body;
  std::string_view input = "abc";
  CHECK(decoder.feed(input, body) == body_decoder::state::incomplete);
  input = "deGET";
  CHECK(decoder.feed(input, body) == body_decoder::state::complete);
  CHECK(body == "abcde");
  CHECK(input == "GET");
}

TEST_CASE("a chunked body is put together however it is cut") {
  std::string text = "5\r\nhello\r\n00001;a=\"b\"\r\n,\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (size_t piece : {1, 2, 3, 5, 100}) {
    std::string body;
    CHECK(decode(text, body, piece) == body_decoder::state::complete);
    CHECK(body == "hello, world");
  }
}

TEST_CASE("hostile chunks are refused") {
  for (std::string text : {"-1\r\n", "\r\n", "x\r\n", "5 \r\nhello", "5\nhello", "5\r\nhelloX",
                           "5\r\nhello\n", "fffffffffffffffff\r\n", "0x5\r\nhello", "5;\nhello"}) {
    CAPTURE(text);
    std::string body;
    CHECK(decode(text, body, 1) == body_decoder::state::refused);
  }
  std::string body;
  CHECK(decode("5;" + std::string(5000, 'x'), body, 100) == body_decoder::state::refused);
  CHECK(decode("0\r\n" + std::string(5000, 'x'), body, 100) == body_decoder::state::refused);
}
