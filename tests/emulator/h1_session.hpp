// HTTP/1.1 on one connection: enough for the token endpoint, control and statistics.
#pragma once

#include "tests/emulator/session.hpp"

namespace pusher::emulator {

class h1_session : public session {
 public:
  /// `shared` must outlive this.
  h1_session(services& shared, uint64_t connection);

  bool receive(const uint8_t* data, size_t size) override;
  bool produce(std::string& output, size_t enough) override;
  bool finished() const override { return finished_ && output_.empty(); }
  void answer_now(int32_t) override {}

 private:
  enum class head { incomplete, complete, malformed };
  head read_head();
  void take_header(std::string_view line);
  void answer_request();

  services& shared_;
  request asked_;
  reply answer_;
  std::string input_;
  std::string output_;
  size_t head_bytes_ = 0;
  size_t body_bytes_ = 0;
  bool length_known_ = true;  ///< no transfer coding
  bool close_ = false;        ///< after this answer
  bool finished_ = false;
};

}  // namespace pusher::emulator
