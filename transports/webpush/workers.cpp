#include "transports/webpush/workers.hpp"

#include <algorithm>
#include <csignal>
#include <map>

#include <pthread.h>

#include "transports/device_text.hpp"
#include "transports/webpush/encryption.hpp"
#include "transports/webpush/payload.hpp"

namespace pusher {

namespace {

/// Small enough that the first push leaves while the others are still being encrypted.
constexpr size_t targets_at_once = 32;

verdict refusal(std::string code) {
  verdict made;
  made.kind = verdict_kind::rejected;
  made.code = std::move(code);
  return made;
}

/// What devices of one content are told, before encryption. The text alone matters here; what depends on the
/// time is the header's.
class text_source {
 public:
  explicit text_source(const message& content)
      : content_(content), said_(render_web_push(content, now_ms())) {
    if (said_ && !content.blanks.empty()) form_ = blank_text(said_->text, content);
  }

  result<std::string> of(const push_target& target) const {
    if (!said_) return said_.failure();
    if (content_.blanks.empty()) return said_->text;
    if (!content_.by_device) {
      std::string filled;
      form_.fill(target.values, filled);
      if (filled.size() <= web_push_plaintext_bytes) return filled;
    }
    return shortened_to_fit(completed(content_, target.values),
                            [](const message& whole) -> result<std::string> {
                              auto said = render_web_push(whole, now_ms());
                              if (!said) return std::move(said).failure();
                              return std::move(said->text);
                            });
  }

 private:
  const message& content_;
  result<web_push_message> said_;
  blank_text form_;
};

/// Cuts targets off the order's front.
push_order cut(push_order& from, size_t count) {
  push_order part;
  part.id = from.id;
  part.content = from.content;
  part.urgency = from.urgency;
  part.trace_parent = from.trace_parent;
  auto end = static_cast<long>(std::min(count, from.targets.size()));
  part.targets.assign(std::make_move_iterator(from.targets.begin()),
                      std::make_move_iterator(from.targets.begin() + end));
  part.numbers.assign(from.numbers.begin(), from.numbers.begin() + end);
  from.targets.erase(from.targets.begin(), from.targets.begin() + end);
  from.numbers.erase(from.numbers.begin(), from.numbers.begin() + end);
  return part;
}

}  // namespace

encryption_workers::encryption_workers(unsigned threads, endpoint_rules rules, std::function<void()> done)
    : rules_(std::move(rules)), done_(std::move(done)) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { run(); });
}

encryption_workers::~encryption_workers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (auto& each : threads_)
    each.join();
}

void encryption_workers::add(push_order order) {
  {
    std::lock_guard lock(mutex_);
    auto& lane = order.urgency == lane::transactional ? urgent_ : waiting_;
    while (!order.targets.empty())
      lane.push_back(cut(order, targets_at_once));
  }
  work_.notify_all();
}

std::vector<encrypted_part> encryption_workers::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(made_, {});
}

void encryption_workers::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  web_push_encryptor encryptor;
  for (;;) {
    push_order next;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !waiting_.empty(); });
      if (stopping_) return;
      auto& lane = urgent_.empty() ? waiting_ : urgent_;
      next = std::move(lane.front());
      lane.pop_front();
    }
    auto parts = encrypt(next, encryptor);
    {
      std::lock_guard lock(mutex_);
      std::move(parts.begin(), parts.end(), std::back_inserter(made_));
    }
    done_();
  }
}

std::vector<encrypted_part> encryption_workers::encrypt(push_order& order, web_push_encryptor& with) const {
  std::map<std::string, encrypted_part> by_origin;
  encrypted_part failed;
  failed.order.id = order.id;
  // The text alone matters here; what depends on the time is the header's.
  text_source texts(*order.content);
  for (size_t i = 0; i < order.targets.size(); ++i) {
    auto& target = order.targets[i];
    auto fail = [&](const char* code) { failed.failed.emplace_back(order.numbers[i], refusal(code)); };
    auto text = texts.of(target);
    auto endpoint = parse_endpoint(target.push_token, rules_);
    auto keys = subscription_keys::parse(target.subscription_keys);
    std::string body;
    if (!text) {
      failed.failed.emplace_back(order.numbers[i], refused_content(text.failure()));
    } else if (!endpoint) {
      fail("INVALID_ENDPOINT");
    } else if (!keys) {
      fail("INVALID_KEYS");
    } else if (auto made = with.encrypt(*keys, *text, body); !made) {
      fail(made.failure().code == errc::invalid_field ? "INVALID_KEYS" : "ENCRYPTION_FAILED");
    } else {
      auto& part = by_origin[endpoint->origin.authority];
      if (part.order.targets.empty()) {
        part.origin = std::move(endpoint->origin);
        part.order.id = order.id;
        part.order.content = order.content;
        part.order.urgency = order.urgency;
        part.order.trace_parent = order.trace_parent;
      }
      part.order.targets.push_back(std::move(target));
      part.order.numbers.push_back(order.numbers[i]);
      part.order.bodies.push_back(std::move(body));
    }
  }
  std::vector<encrypted_part> parts;
  for (auto& [authority, part] : by_origin)
    parts.push_back(std::move(part));
  if (!failed.failed.empty()) parts.push_back(std::move(failed));
  return parts;
}

}  // namespace pusher
