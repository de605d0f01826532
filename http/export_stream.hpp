// An export under way: asks for page after page through the dispatcher, as fast as the client reads.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "http/exchange.hpp"
#include "http/gzip.hpp"
#include "http/stream_connection.hpp"

namespace pusher::http {

class export_stream {
 public:
  export_stream(stream_connection& client, dispatcher& target, request asked,
                const std::atomic<bool>& canceled);
  /// Until all is sent or the client has gone. What is wrong before the first line is answered as a problem;
  /// later the answer breaks off, so that the client knows to continue behind the last line it got.
  void run();

 private:
  void begin(const response& first_page);
  /// False when the client reads no more.
  bool send(const response& page);
  response ask(const std::string& position);
  /// Patient with stores that are away for a while.
  response ask_again_and_again(const std::string& position);

  stream_connection& client_;
  dispatcher& target_;
  const request asked_;
  const std::atomic<bool>& canceled_;
  std::optional<gzip_encoder> packed_;
};

}  // namespace pusher::http
