// One HTTP/2 request and what became of it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transports/event_loop.hpp"

namespace pusher::h2 {

/// What HPACK (RFC 7541) may remember of a field on its connection.
enum class indexing : uint8_t {
  always,      ///< it repeats: name and value
  first_time,  ///< only its name repeats: it enters the table once, and later refers to that name
  never        ///< a secret, or never the same
};

/// A header field; the name in lower case.
struct header_field {
  std::string name;
  std::string value;
  indexing rule = indexing::always;

  friend bool operator==(const header_field& a, const header_field& b) {
    return a.name == b.name && a.value == b.value;
  }
};

/// Header fields of a request in order, pseudo headers first. Shared by all requests that differ only in
/// their body and in what an exchange has of its own.
using request_head = std::vector<header_field>;

enum class ending : uint8_t {
  answered,  ///< a status came; `body` is what was got of the answer's body
  unsent,    ///< certainly not processed by the server; may be sent again at once
  unknown    ///< it left, or part of it did, and no answer came
};

/// Longest part of an answer's body that is kept; a stream that sends more is reset.
constexpr size_t answer_body_cap = 64 * 1024;

/// Owned by who sends it, and reused; the client holds it from send() until it is finished.
struct exchange {
  // -- the request; what it points to must live until the end --
  std::shared_ptr<const request_head> head;
  std::string path;  ///< this request's own `:path`, never indexed; empty = the head has it
  request_head own;  ///< fields of this request alone; they follow the head's
  std::array<std::string_view, 3> payload;  ///< pieces of the body

  // -- the answer --
  ending how = ending::unknown;
  int status = 0;
  std::string body;
  std::string retry_after;  ///< this field and the next as sent; kept of answers from 400 on
  std::string date;
  std::string message_id;        ///< the answer's `apns-id` or `location`, whichever came
  bool connection_lost = false;  ///< it ended with its connection, so it says nothing about this request

  // -- the session's own --
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
