// An import under way: reads lines, has them stored chunk by chunk through the dispatcher, writes a result
// per line.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "http/exchange.hpp"
#include "http/import_lines.hpp"
#include "http/stream_connection.hpp"

namespace pusher::http {

class import_stream {
 public:
  import_stream(stream_connection& client, dispatcher& target, request asked,
                const std::atomic<bool>& canceled);
  /// Until the client or the body ends.
  void run();

 private:
  bool admitted();
  void read_and_store();
  /// False when the rest of the import cannot be taken.
  bool store_chunk();
  response ask(const import_lines::chunk& chunk);
  void report_failure(const import_lines::chunk& chunk, const response& answer);

  stream_connection& client_;
  dispatcher& target_;
  const request asked_;
  const std::atomic<bool>& canceled_;
  import_lines lines_;
};

}  // namespace pusher::http
