// The HTTP/1.1 server: Pistache accepts connections and reads them, all else is done here, strictly.
//
// Pistache's own answer path hands answers to the wrong client when a connection ends at the wrong moment,
// and its parser is lax; neither is used. Limits, time-outs and the life of a connection:
// http/connection.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "http/exchange.hpp"
#include "http/health.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Counters since the start, and gauges of this moment.
struct server_stats {
  uint64_t connections = 0;  ///< accepted since the start
  uint64_t open_connections = 0;
  uint64_t requests = 0;                ///< handed to the dispatcher
  uint64_t refused_requests = 0;        ///< answered by the server itself with 4xx or 5xx
  uint64_t answers_without_client = 0;  ///< the client had gone before its answer came
  uint64_t timed_out_connections = 0;
  uint64_t waiting_requests = 0;  ///< dispatched and not answered
  uint64_t request_bytes = 0;     ///< of requests in memory
  uint64_t open_streams = 0;      ///< imports under way
  uint64_t progress_watchers = 0;
};

class server {
 public:
  /// Listens at once. `target` gets every request but health's; it and `health` (may be null: no health
  /// paths) must outlive the server, and live until every exchange is answered or destroyed. Pages of
  /// `allowed_origins` may read answers (CORS); none by default, `*` is any. `trace_percent`: see
  /// frame_answers. Errors: invalid_configuration when the address cannot be listened on.
  static result<std::unique_ptr<server>> start(const listen_address& address, const limits_settings& limits,
                                               dispatcher& target, const health_source* health,
                                               unsigned io_threads,
                                               std::vector<std::string> allowed_origins = {},
                                               std::optional<unsigned> trace_percent = std::nullopt);
  ~server();

  /// The port listened on, also when the address said 0.
  uint16_t port() const;
  /// From now on requests are refused with 503 and every answer closes its connection; health is still told,
  /// and requests under way are answered.
  void stop_accepting();
  /// Gives requests under way a moment, then ends every connection and thread. Later answers are dropped.
  void stop();
  server_stats stats() const;

  struct parts;
  explicit server(std::unique_ptr<parts> made);

 private:
  std::unique_ptr<parts> parts_;
};

}  // namespace pusher::http
