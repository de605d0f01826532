// HTTP/2 on one connection, by libnghttp2.
#pragma once

#include <memory>
#include <vector>

#include "tests/emulator/hpack_watch.hpp"
#include "tests/emulator/session.hpp"

struct nghttp2_session;

namespace pusher::emulator {

class h2_session : public session {
 public:
  /// `shared` must outlive this.
  h2_session(services& shared, const peer& client);
  ~h2_session() override;
  h2_session(const h2_session&) = delete;
  h2_session& operator=(const h2_session&) = delete;

  bool receive(const uint8_t* data, size_t size) override;
  bool produce(std::string& output, size_t enough) override;
  bool finished() const override;
  void answer_now(int32_t stream) override;
  void go_away() override;
  void release() override;

 private:
  struct stream;
  struct callbacks;

  stream* open_stream(int32_t id);
  void close_stream(stream* closed);
  /// False: the connection is to be dropped.
  bool request_complete(stream& complete);
  bool process(stream& complete);
  void send_answer(stream& answered);
  uint32_t stream_limit() const;
  void raise_stream_limit();
  void say_goaway(int32_t last_stream);
  void process_held(int32_t last_stream);
  size_t open_streams() const { return streams_.size() - idle_.size(); }

  services& shared_;
  const peer client_;
  hpack_watch hpack_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<stream>> streams_;  ///< all that were ever needed at once
  std::vector<stream*> idle_;                     ///< those of them without a request
  uint64_t requests_ = 0;
  std::vector<int32_t> held_;  ///< complete, but not to be processed yet
  bool stream_limit_raised_ = false;
  bool dropped_ = false;
  int32_t last_processed_stream_ = 0;         ///< the highest number among them
  int32_t last_accepted_stream_ = INT32_MAX;  ///< lower once GOAWAY is on its way
};

}  // namespace pusher::emulator
