#include "actors/health_board.hpp"

#include <algorithm>

namespace pusher {

namespace {

// Longer than a busy store takes for the smallest of questions.
constexpr std::chrono::seconds patience{5};

std::string seconds_of(std::chrono::steady_clock::duration what) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(what).count()) + " s";
}

}  // namespace

void health_board::report(const std::string& name, bool ok, std::string detail) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto& one = entries_[name];
  one.told = {name, ok, std::move(detail)};
  one.asked_at.reset();
  if (ok)
    one.failing_since.reset();
  else if (!one.failing_since)
    one.failing_since = clock::now();
}

void health_board::asks(const std::string& name) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto& one = entries_[name];
  one.told.name = name;
  if (!one.asked_at) one.asked_at = clock::now();
}

health_board::entry health_board::as_of(const kept& one, clock::time_point now) {
  if (one.asked_at && now - *one.asked_at > patience)
    return {one.told.name, false, "no answer for " + seconds_of(now - *one.asked_at)};
  auto told = one.told;
  if (one.failing_since && now - *one.failing_since >= std::chrono::seconds(1))
    told.detail += ", for " + seconds_of(now - *one.failing_since) + " already";
  return told;
}

std::vector<health_board::entry> health_board::entries() const {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<entry> all;
  for (const auto& [name, each] : entries_)
    all.push_back(as_of(each, clock::now()));
  if (draining_) all.push_back({"draining", false, "the node is ending"});
  return all;
}

bool health_board::ok(const std::string& name) const {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = entries_.find(name);
  return found != entries_.end() && as_of(found->second, clock::now()).ok;
}

bool health_board::ready() const {
  std::lock_guard<std::mutex> guard(mutex_);
  auto now = clock::now();
  return !draining_ && !entries_.empty() &&
         std::all_of(entries_.begin(), entries_.end(),
                     [now](const auto& each) { return as_of(each.second, now).ok; });
}

bool health_board::draining() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return draining_;
}

void health_board::start_draining() {
  std::lock_guard<std::mutex> guard(mutex_);
  draining_ = true;
}

}  // namespace pusher
