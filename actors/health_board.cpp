#include "actors/health_board.hpp"

#include <algorithm>

namespace pusher {

void health_board::report(const std::string& name, bool ok, std::string detail) {
  std::lock_guard<std::mutex> guard(mutex_);
  entries_[name] = {name, ok, std::move(detail)};
}

std::vector<health_board::entry> health_board::entries() const {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<entry> all;
  for (const auto& [name, each] : entries_)
    all.push_back(each);
  if (draining_) all.push_back({"draining", false, "the node is ending"});
  return all;
}

bool health_board::ok(const std::string& name) const {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = entries_.find(name);
  return found != entries_.end() && found->second.ok;
}

bool health_board::ready() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return !draining_ && !entries_.empty() &&
         std::all_of(entries_.begin(), entries_.end(), [](const auto& each) { return each.second.ok; });
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
