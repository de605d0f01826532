#include "transports/credential_check.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace pusher {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr auto look_again = milliseconds(50);
constexpr utc_ms lifetime_ms = 60'000;

/// No device has it. Hexadecimal, or APNs could not read it as a token at all.
std::string impossible_token(gateway of) {
  return of == gateway::apns ? std::string(64, '0') : "pusher-checks-its-credential";
}

push_order impossible_push(gateway of) {
  message content;
  content.content.title = "Pusher checks its credential";
  content.expires_at = now_ms() + lifetime_ms;
  push_order order;
  order.id = 1;
  order.content = std::make_shared<const message>(std::move(content));
  order.urgency = lane::transactional;
  order.targets.push_back({{1}, impossible_token(of), 0});
  order.numbers.push_back(0);
  return order;
}

/// Waits for the one answer.
class one_answer final : public answer_sink {
 public:
  void on_answers(std::vector<push_answer> answers) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (!answers.empty()) answer_ = std::move(answers.front().verdict);
    arrived_.notify_all();
  }
  std::optional<verdict> wait(milliseconds most) {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait_for(lock, most, [this] { return answer_.has_value(); });
    return answer_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<verdict> answer_;
};

error refused(std::string why) {
  return {errc::credential_refused, "The gateway refuses this credential: " + why + ".", "", 0};
}

error undecided(const std::string& why) {
  return {errc::gateway_unavailable, "the credential could not be checked: " + why, "", 10};
}

result<void> judge(const verdict& answer, const std::string& trouble) {
  if (answer.credential_refused) return refused(answer.code);
  switch (answer.kind) {
    case verdict_kind::accepted:
    case verdict_kind::unregistered:
    case verdict_kind::other_environment:
      return {};
    case verdict_kind::rejected:
      // The gateway looked at the message, unless it was not the gateway that answered.
      if (trouble.empty() && answer.code.rfind("HTTP_", 0) != 0) return {};
      return undecided(trouble.empty() ? answer.code : trouble);
    case verdict_kind::retry:
    case verdict_kind::expired:
    case verdict_kind::postponed:
    case verdict_kind::unsent:
    case verdict_kind::unknown:
      break;
  }
  return undecided(!trouble.empty() ? trouble : answer.code.empty() ? "no answer" : answer.code);
}

}  // namespace

result<void> check_credential(const credential_content& content, channel which, const settings& config,
                              const std::shared_ptr<provider_token_keeper>& tokens, milliseconds patience) {
  // Push services know a key only by those who subscribed with it: there is nobody to ask.
  if (content.gateway == gateway::webpush) return {};
  auto checking = config;
  checking.fcm.validate_only = true;
  checking.fcm.messages_per_minute = 0;
  checking.hms.validate_only = true;
  one_answer sink;
  auto made = make_transport(content, which, checking, tokens, sink);
  if (!made) return std::move(made).failure();
  (*made)->submit(impossible_push(content.gateway));
  auto deadline = clock::now() + patience;
  for (;;) {
    auto answer = sink.wait(look_again);
    auto stats = (*made)->stats();
    if (answer) return judge(*answer, stats.trouble);
    // What only the credential is to blame for stays without an answer.
    if (stats.credential_refused)
      return refused(stats.refused_code.empty() ? stats.trouble : stats.refused_code);
    if (clock::now() >= deadline)
      return undecided(stats.trouble.empty() ? "no answer in time" : stats.trouble);
  }
}

}  // namespace pusher
