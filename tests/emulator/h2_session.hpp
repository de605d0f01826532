// HTTP/2 on one connection, by libnghttp2.
#pragma once

#include <memory>
#include <vector>

#include "tests/emulator/session.hpp"

struct nghttp2_session;

namespace pusher::emulator {

class h2_session : public session {
 public:
  /// `shared` must outlive this.
  h2_session(services& shared, uint64_t connection);
  ~h2_session() override;
  h2_session(const h2_session&) = delete;
  h2_session& operator=(const h2_session&) = delete;

  bool receive(const uint8_t* data, size_t size) override;
  bool produce(std::string& output, size_t enough) override;
  bool finished() const override;
  void answer_now(int32_t stream) override;

 private:
  struct stream;
  struct callbacks;

  stream* open_stream(int32_t id);
  void close_stream(stream* closed);
  /// False: the connection is to be dropped.
  bool request_complete(stream& complete);
  void send_answer(stream& answered);
  void say_goaway();

  services& shared_;
  uint64_t connection_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<stream>> streams_;  ///< all that were ever needed at once
  std::vector<stream*> idle_;                     ///< those of them without a request
  uint64_t requests_ = 0;
  int32_t last_accepted_stream_ = INT32_MAX;  ///< lower once GOAWAY is on its way
};

}  // namespace pusher::emulator
