#include "http/inner_request.hpp"

#include <algorithm>
#include <future>
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

response ask_and_wait(dispatcher& target, request asked, std::chrono::milliseconds most_wait,
                      const std::atomic<bool>& canceled) {
  using clock = std::chrono::steady_clock;
  request about;
  about.path = asked.path;
  about.request_id = asked.request_id;
  auto under_way = std::make_shared<inner_exchange>(std::move(asked));
  auto answer = under_way->future();
  target.dispatch(std::move(under_way));
  for (auto deadline = clock::now() + most_wait; answer.wait_for(slice) != std::future_status::ready;)
    if (canceled || clock::now() > deadline)
      return problem({errc::timed_out, "The stores did not answer in time.", "", 1}, about);
  return answer.get();
}

}  // namespace pusher::http
