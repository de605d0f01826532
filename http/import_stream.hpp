// An import under way: reads lines, has them stored chunk by chunk through the dispatcher, writes a result
// per line. While one chunk is stored, the next is read and parsed.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "http/exchange.hpp"
#include "http/import_lines.hpp"
#include "http/inner_request.hpp"
#include "http/stream_connection.hpp"

namespace pusher::http {

class import_stream {
 public:
  import_stream(stream_connection& client, dispatcher& target, request asked,
                const std::atomic<bool>& canceled);
  /// Until the client or the body ends.
  void run();

 private:
  /// The chunk that is being stored.
  struct storing {
    import_lines::chunk chunk;
    std::optional<inner_request> under_way;  ///< none when the chunk is nothing but an overlong line

    bool done() const { return !under_way || under_way->answered(); }
  };

  std::optional<response> admission();
  void read_and_store();
  std::chrono::milliseconds patience() const;
  bool store_chunk();
  bool finish_chunk();
  void report_failure(const import_lines::chunk& chunk, const response& answer);

  stream_connection& client_;
  dispatcher& target_;
  const request asked_;
  const std::atomic<bool>& canceled_;
  import_lines lines_;
  std::optional<storing> storing_;
};

}  // namespace pusher::http
