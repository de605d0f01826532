#include "http/progress_hub.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "http/path.hpp"
#include "http/problem.hpp"
#include "http/progress_notes.hpp"

namespace pusher::http {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest_interval = 500ms;  // between two looks at a notification
constexpr auto interval_per_topic = 2ms;   // so many notifications are looked at less often
constexpr auto after_failure = 2s;
constexpr auto longest_wait_for_answer = 30s;
constexpr auto heartbeat = 15s;
constexpr uint64_t wake_number = 0;  // watchers have higher ones

}  // namespace

bool is_progress(const request& asked) {
  constexpr std::string_view last = "/progress";
  if (asked.method != "GET" || asked.path.size() < last.size()) return false;
  return asked.path.compare(asked.path.size() - last.size(), last.size(), last) == 0 &&
         match("/v1/notifications/{id}/progress", asked.path).has_value();
}

struct progress_hub::mailbox {
  const int wakes = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::mutex mutex;
  std::vector<std::pair<uint64_t, response>> answers;  ///< with the watcher's number

  ~mailbox() { close(wakes); }
  void wake() const { eventfd_write(wakes, 1); }
  void put(uint64_t number, response answer) {
    {
      std::lock_guard<std::mutex> guard(mutex);
      answers.emplace_back(number, std::move(answer));
    }
    wake();
  }
};

class progress_hub::question final : public exchange {
 public:
  question(std::shared_ptr<mailbox> to, uint64_t number, http::request asked)
      : to_(std::move(to)), number_(number), request_(std::move(asked)) {}
  ~question() override { answer(problem({errc::internal, "The request was dropped.", "", 0}, request_)); }
  const http::request& request() const override { return request_; }
  void answer(response made) override {
    if (!answered_.exchange(true)) to_->put(number_, std::move(made));
  }

 private:
  const std::shared_ptr<mailbox> to_;
  const uint64_t number_;
  const http::request request_;
  std::atomic<bool> answered_{false};
};

progress_hub::progress_hub(dispatcher& target, const limits_settings& limits)
    : target_(target),
      most_(limits.progress_watchers),
      most_silence_(limits.http_body_seconds),
      answers_(std::make_shared<mailbox>()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_number;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, answers_->wakes, &event);
}

progress_hub::~progress_hub() {
  stop();
  close(epoll_);
}

bool progress_hub::reserve(const request&) {
  if (open_.fetch_add(1) < most_) return true;
  --open_;
  return false;
}

void progress_hub::start(detached_socket taken, request_head head) {
  auto watcher = std::make_unique<progress_watcher>(taken, std::move(head));
  std::lock_guard<std::mutex> guard(mutex_);
  new_.push_back(std::move(watcher));
  if (!thread_.joinable() && !ending_) thread_ = std::thread([this] { run(); });
  answers_->wake();
}

void progress_hub::stop() {
  std::unique_lock<std::mutex> guard(mutex_);
  ending_ = true;
  auto thread = std::move(thread_);
  guard.unlock();
  answers_->wake();
  if (thread.joinable()) thread.join();
}

// -- on the hub's thread --

void progress_hub::run() {
  while (!ending_) {
    wait();
    take_new();
    take_answers();
    keep_time();
    ask_what_is_due();
    remove_over();
  }
  // A client that is cut off properly comes again, and finds another node.
  for (auto& [number, each] : watchers_)
    each.watcher->end();
  open_ -= watchers_.size();
  watchers_.clear();
}

void progress_hub::wait() {
  int most_ms = watchers_.empty() ? -1 : 500;
  for (const auto& [path, each] : topics_) {
    if (each.asked_as != 0) continue;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(each.due - clock::now()).count() + 1;
    most_ms = std::clamp(static_cast<int>(left), 1, most_ms);
  }
  std::array<epoll_event, 64> events;
  int count = epoll_wait(epoll_, events.data(), events.size(), most_ms);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    if (event.data.u64 == wake_number) {
      eventfd_t ignored;
      eventfd_read(answers_->wakes, &ignored);
      continue;
    }
    auto found = watchers_.find(event.data.u64);
    if (found == watchers_.end()) continue;
    auto& [number, of] = *found;
    if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) of.watcher->lose();
    if ((event.events & EPOLLRDHUP) != 0) {
      // Either it has gone, then what we send is answered by a reset, or it only has nothing more to say.
      of.half_closed = true;
      watch_socket(number, of);
      if (of.watcher->begun()) of.watcher->beat();
    }
    // What a client sends is nobody's business and stays unread.
    if ((event.events & EPOLLOUT) != 0) of.watcher->flush();
  }
}

void progress_hub::take_new() {
  std::vector<std::unique_ptr<progress_watcher>> fresh;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    fresh.swap(new_);
  }
  for (auto& each : fresh) {
    auto number = ++last_number_;
    epoll_event event{};
    event.events = EPOLLRDHUP;
    event.data.u64 = number;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, each->descriptor(), &event);
    auto path = each->asked().path;
    watchers_[number] = {std::move(each), std::move(path), clock::now(), false, false, clock::now()};
    ask(number);
  }
}

void progress_hub::ask(uint64_t watcher) {
  target_.dispatch(std::make_shared<question>(answers_, watcher, watchers_.at(watcher).watcher->asked()));
}

void progress_hub::take_answers() {
  std::vector<std::pair<uint64_t, response>> fresh;
  {
    std::lock_guard<std::mutex> guard(answers_->mutex);
    fresh.swap(answers_->answers);
  }
  for (const auto& [number, answer] : fresh)
    if (auto found = watchers_.find(number); found != watchers_.end()) {
      if (found->second.watcher->begun())
        answered(number, found->second, answer);
      else
        first_answer(number, found->second, answer);
    }
}

void progress_hub::first_answer(uint64_t number, entry& of, const response& answer) {
  auto& watcher = *of.watcher;
  if (watcher.over()) return;
  if (answer.status != 200) return watcher.refuse(answer);
  auto news = read_news(answer);
  // A browser comes again when a stream ends; this tells it to stop.
  if (news.settled && news.id == watcher.last_event()) {
    response nothing;
    nothing.status = 204;
    return watcher.refuse(nothing);
  }
  watcher.begin();
  tell(watcher, news);
  if (news.settled) return;
  auto& joined = topics_[of.path];
  if (joined.watchers.empty()) joined.due = clock::now() + interval();
  joined.watchers.push_back(number);
}

void progress_hub::answered(uint64_t number, entry& of, const response& answer) {
  auto found = topics_.find(of.path);
  if (found == topics_.end() || found->second.asked_as != number) return;
  auto& followed = found->second;
  followed.asked_as = 0;
  followed.due = clock::now() + interval();
  if (answer.status == 200) {
    auto news = read_news(answer);
    for (auto each : followed.watchers)
      tell(*watchers_.at(each).watcher, news);
  } else if (answer.status < 500 && answer.status != 429) {
    // Deleted, or the key is good no more. Another watcher's may be.
    of.watcher->end();
    followed.due = clock::now();
  } else {
    followed.due = clock::now() + after_failure;
  }
}

void progress_hub::tell(progress_watcher& watcher, const progress_news& news) {
  watcher.tell(news.settled ? "settled" : "progress", news.id, news.text);
  if (news.settled) watcher.end();
}

/// Who asks changes from one time to the next, so that a key that was revoked is noticed.
void progress_hub::ask_what_is_due() {
  auto now = clock::now();
  for (auto& [path, each] : topics_) {
    if (each.asked_as != 0 || each.due > now || each.watchers.empty()) continue;
    each.asked_as = each.watchers[each.next_asker++ % each.watchers.size()];
    each.asked_at = now;
    ask(each.asked_as);
  }
}

void progress_hub::keep_time() {
  auto now = clock::now();
  if (now < next_look_) return;
  next_look_ = now + 1s;
  for (auto& [number, each] : watchers_) {
    auto& watcher = *each.watcher;
    if (watcher.wants_to_write() && now - watcher.last_moved() > most_silence_) watcher.lose();
    if (!watcher.begun() && !watcher.over() && now - each.since > longest_wait_for_answer)
      watcher.refuse(
          problem({errc::timed_out, "The stores did not answer in time.", "", 1}, watcher.asked()));
    if (!watcher.begun() || now - each.last_beat < heartbeat) continue;
    each.last_beat = now;
    watcher.beat();
  }
  for (auto& [path, each] : topics_)
    if (each.asked_as != 0 && now - each.asked_at > longest_wait_for_answer) {
      each.asked_as = 0;
      each.due = now + after_failure;
    }
}

void progress_hub::remove_over() {
  for (auto at = watchers_.begin(); at != watchers_.end();) {
    auto& [number, each] = *at;
    if (each.watcher->over()) {
      leave_topic(number, each.path);
      at = watchers_.erase(at);
      --open_;
      continue;
    }
    if (auto writes = each.watcher->wants_to_write(); writes != each.writes) {
      each.writes = writes;
      watch_socket(number, each);
    }
    ++at;
  }
}

void progress_hub::watch_socket(uint64_t number, const entry& of) {
  epoll_event event{};
  event.events = (of.half_closed ? 0U : EPOLLRDHUP) | (of.writes ? EPOLLOUT : 0U);
  event.data.u64 = number;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, of.watcher->descriptor(), &event);
}

void progress_hub::leave_topic(uint64_t number, const std::string& path) {
  auto found = topics_.find(path);
  if (found == topics_.end()) return;
  auto& left = found->second;
  left.watchers.erase(std::remove(left.watchers.begin(), left.watchers.end(), number), left.watchers.end());
  if (left.asked_as == number) left.asked_as = 0;
  if (left.watchers.empty()) topics_.erase(found);
}

progress_hub::clock::duration progress_hub::interval() const {
  return std::max<clock::duration>(shortest_interval, interval_per_topic * topics_.size());
}

}  // namespace pusher::http
