// A plain HTTP client over one socket, for tests that care about every byte.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

struct received_answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

class http_client {
 public:
  /// Connects to the loopback. `receive_bytes` > 0 makes the socket's receive buffer that small.
  explicit http_client(uint16_t port, int receive_bytes = 0);
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  bool connected() const { return socket_ >= 0; }
  /// Sends all; false when the peer has gone or takes nothing for 20 s.
  bool send(std::string_view bytes);
  /// The next answer, or nothing when the connection ends or 20 s pass first. A HEAD's answer has no body.
  std::optional<received_answer> receive(bool head = false);
  std::optional<received_answer> ask(const std::string& request);
  /// Whether the peer closes within the time; drops what it sends before.
  bool closed_within(std::chrono::milliseconds most);
  /// One line of a chunked answer after its head was received; nothing at its end.
  std::optional<std::string> next_line();
  /// One chunk of a chunked answer; empty at its end, nothing when the connection ends first.
  std::optional<std::string> next_chunk();
  /// Whether the chunked answer had its end.
  bool chunks_ended() const { return chunks_ended_; }
  /// All that comes until the peer's farewell; nothing when the connection is reset instead.
  std::optional<std::string> rest();
  /// Closes with a reset instead of a farewell.
  void abort();
  void close_now();
  /// Sends nothing more, but still reads.
  void half_close();

  static std::string get(const std::string& path, const std::string& more = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: t\r\n" + more + "\r\n";
  }
  static std::string post(const std::string& path, const std::string& body, const std::string& more = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + more + "\r\n" + body;
  }

 private:
  bool fill(int wait_ms = 20'000);
  bool fill_to(size_t bytes);
  bool read_chunk();

  int socket_ = -1;
  std::string input_;
  std::string lines_;
  bool chunks_ended_ = false;
  long last_count_ = -1;  ///< what recv() gave last: 0 = the peer said farewell
};
