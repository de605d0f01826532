#include "transports/http_session.hpp"

#include <algorithm>

namespace pusher::h2 {

void http_session::begin(exchange& request, steady_time now) {
  request.how = ending::unknown;
  request.status = 0;
  request.body.clear();
  request.retry_after.clear();
  request.date.clear();
  request.message_id.clear();
  request.payload_done = 0;
  request.last_frame_made = request.answer_ended = request.capped = request.connection_lost = false;
  request.started = now;
  request.older = newest_;
  request.newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = &request;
  newest_ = &request;
  ++in_flight_;
}

void http_session::finish(exchange& request, ending how) {
  (request.older != nullptr ? request.older->newer : oldest_) = request.newer;
  (request.newer != nullptr ? request.newer->older : newest_) = request.older;
  request.older = request.newer = nullptr;
  --in_flight_;
  request.how = how;
  if (how == ending::answered) {
    ++answers_;
    let_in_ = let_in_ || request.status != 403;
  }
  listener_.on_finished(request);
}

ending http_session::ending_by_now(const exchange& request) const {
  // A refusal that arrives in part is a refusal; a success that is cut off has not been read.
  if (request.status >= 300 || (request.status >= 200 && (request.answer_ended || request.capped)))
    return ending::answered;
  // A server cannot act on a request whose end it has not got. Bytes that were handed to the socket may have
  // arrived, so that from the first one of the last part on nobody knows.
  bool left = request.last_frame_made && handed_over_ > request.last_frame_at;
  return left ? ending::unknown : ending::unsent;
}

void http_session::take_header(exchange& request, std::string_view name, std::string_view value) {
  if (request.status >= 400) {
    if (name == "retry-after") request.retry_after = value;
    if (name == "date") request.date = value;
  } else if (name == "apns-id" || name == "location") {
    request.message_id = value;
  }
}

bool http_session::take_body(exchange& request, std::string_view bytes) {
  size_t room = answer_body_cap - request.body.size();
  request.body.append(bytes.substr(0, room));
  request.capped = request.capped || bytes.size() > room;
  return !request.capped;
}

}  // namespace pusher::h2
