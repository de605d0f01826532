#include "http/inner_request.hpp"

#include <algorithm>
#include <memory>

#include "http/problem.hpp"

namespace pusher::http {

namespace {

constexpr auto slice = std::chrono::milliseconds(200);  // after which a wait looks whether it was canceled

class inner_exchange final : public exchange {
 public:
  explicit inner_exchange(http::request asked) : request_(std::move(asked)) {}
  ~inner_exchange() override {
    if (!answered_) answer_.set_value(problem({errc::internal, "The request was dropped.", "", 0}, request_));
  }
  const http::request& request() const override { return request_; }
  void answer(response answer) override {
    if (!answered_.exchange(true)) answer_.set_value(std::move(answer));
  }
  std::future<response> future() { return answer_.get_future(); }

 private:
  const http::request request_;
  std::atomic<bool> answered_{false};
  std::promise<response> answer_;
};

}  // namespace

inner_request::inner_request(dispatcher& target, request asked) : since_(std::chrono::steady_clock::now()) {
  about_.path = asked.path;
  about_.request_id = asked.request_id;
  auto under_way = std::make_shared<inner_exchange>(std::move(asked));
  answer_ = under_way->future();
  target.dispatch(std::move(under_way));
}

response inner_request::wait(std::chrono::milliseconds most_wait, const std::atomic<bool>& canceled) {
  while (answer_.wait_for(slice) != std::future_status::ready)
    if (canceled || std::chrono::steady_clock::now() > since_ + most_wait)
      return problem({errc::timed_out, "The stores did not answer in time.", "", 1}, about_);
  return answer_.get();
}

response ask_and_wait(dispatcher& target, request asked, std::chrono::milliseconds most_wait,
                      const std::atomic<bool>& canceled) {
  return inner_request(target, std::move(asked)).wait(most_wait, canceled);
}

}  // namespace pusher::http
