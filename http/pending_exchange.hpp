// A request that a connection waits to answer. Internal to http/.
#pragma once

#include <atomic>
#include <memory>

#include "http/connection.hpp"
#include "http/problem.hpp"

namespace pusher::http {

class pending_exchange final : public exchange {
 public:
  /// Holds one slot of waiting_requests until it is answered, and `charged` bytes of request_bytes while it
  /// lives.
  pending_exchange(std::shared_ptr<server_core> core, std::shared_ptr<connection> from, uint64_t number,
                   http::request asked, answer_framing framing, size_t charged)
      : core_(std::move(core)),
        from_(std::move(from)),
        number_(number),
        request_(std::move(asked)),
        framing_(std::move(framing)),
        charged_(charged) {}
  pending_exchange(const pending_exchange&) = delete;
  pending_exchange& operator=(const pending_exchange&) = delete;

  ~pending_exchange() override {
    if (!answered_) give(problem({errc::internal, "The request was dropped.", "", 0}, request_));
    core_->request_bytes.give_back(charged_);
  }

  const http::request& request() const override { return request_; }
  void answer(response answer) override { give(std::move(answer)); }

 private:
  void give(response answer) {
    if (answered_.exchange(true)) return;
    core_->waiting_requests.give_back(1);
    from_->answer(number_, std::move(answer), framing_);
  }

  const std::shared_ptr<server_core> core_;
  const std::shared_ptr<connection> from_;
  const uint64_t number_;
  const http::request request_;
  const answer_framing framing_;
  const size_t charged_;
  std::atomic<bool> answered_{false};
};

}  // namespace pusher::http
