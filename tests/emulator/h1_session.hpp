// HTTP/1.1 on one connection: for the token endpoints, control, statistics and the gateways that speak it.
#pragma once

#include "tests/emulator/session.hpp"

namespace pusher::emulator {

class h1_session : public session {
 public:
  /// `shared` must outlive this.
  h1_session(services& shared, const peer& client);

  bool receive(const uint8_t* data, size_t size) override;
  bool produce(std::string& output, size_t enough) override;
  bool finished() const override { return finished_ && output_.empty() && filler_bytes_ == 0; }
  void answer_now(int32_t) override;

 private:
  enum class head { incomplete, complete, malformed };
  head read_head();
  void take_header(std::string_view line);
  bool take_requests();
  bool handle_request();
  void write_answer();

  services& shared_;
  request asked_;
  reply answer_;
  std::string input_;
  std::string output_;
  size_t head_bytes_ = 0;  ///< 0 = the head of a request is awaited
  size_t body_bytes_ = 0;
  bool length_known_ = true;  ///< no transfer coding
  bool close_ = false;        ///< after this answer
  bool finished_ = false;
  bool waiting_ = false;     ///< for the answer's latency to pass, or for ever
  size_t filler_bytes_ = 0;  ///< of the answer's body that are still to be sent
};

}  // namespace pusher::emulator
