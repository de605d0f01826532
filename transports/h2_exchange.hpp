// One HTTP/2 request and what became of it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/event_loop.hpp"

namespace pusher::h2 {

/// The header fields of a request, in order, pseudo headers first; names in lower case. Shared by all
/// requests that differ only in their body.
using request_head = std::vector<std::pair<std::string, std::string>>;

enum class ending : uint8_t {
  answered,  ///< a status came; `body` is what was got of the answer's body
  unsent,    ///< certainly not processed by the server; may be sent again at once
  unknown    ///< it left, or part of it did, and no answer came
};

/// Longest part of an answer's body that is kept; a stream that sends more is reset.
constexpr size_t answer_body_cap = 64 * 1024;

class session;

/// Owned by who sends it, and reused; the client holds it from send() until it is finished.
struct exchange {
  // -- the request; what it points to must live until the end --
  std::shared_ptr<const request_head> head;
  std::array<std::string_view, 3> payload;  ///< pieces of the body

  // -- the answer --
  ending how = ending::unknown;
  int status = 0;
  std::string body;
  std::string retry_after;  ///< this field and the next as sent; kept of answers from 400 on
  std::string date;
  bool connection_lost = false;  ///< it ended with its connection, so it says nothing about this request

  // -- the session's own --
  session* carrier = nullptr;
  exchange* older = nullptr;
  exchange* newer = nullptr;
  int32_t stream = 0;
  size_t payload_done = 0;     ///< bytes of the payload that were framed
  uint64_t last_frame_at = 0;  ///< where the frame that ends the request begins in the connection's output
  bool last_frame_made = false;
  bool answer_ended = false;
  bool capped = false;
  steady_time started;

  size_t payload_bytes() const { return payload[0].size() + payload[1].size() + payload[2].size(); }
};

/// Told when exchanges end. Must not call back into the connection that tells it.
class exchange_listener {
 public:
  virtual void on_finished(exchange& done) = 0;

 protected:
  ~exchange_listener() = default;
};

}  // namespace pusher::h2
