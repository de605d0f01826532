#include "storage/refusal_watch.hpp"

#include <utility>

namespace pusher {

namespace {

// Longer than the longest pause of those who try again.
constexpr std::chrono::seconds remembered{5};

}  // namespace

void refusal_watch::refused(std::string why) {
  std::lock_guard<std::mutex> guard(mutex_);
  why_ = std::move(why);
  at_ = clock::now();
}

std::optional<std::string> refusal_watch::lately() const {
  std::lock_guard<std::mutex> guard(mutex_);
  if (!at_ || clock::now() > *at_ + remembered) return std::nullopt;
  return why_;
}

refusal_watch& mariadb_room() {
  static refusal_watch of_this_process;
  return of_this_process;
}

refusal_watch& mariadb_damage() {
  static refusal_watch of_this_process;
  return of_this_process;
}

}  // namespace pusher
