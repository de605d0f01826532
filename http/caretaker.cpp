#include "http/caretaker.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>

namespace pusher::http {

namespace {

constexpr auto tick = std::chrono::milliseconds(250);

}  // namespace

caretaker::caretaker(std::shared_ptr<server_core> core)
    : core_(std::move(core)), thread_([this] { run(); }) {}

caretaker::~caretaker() {
  ending_ = true;
  core_->wake_caretaker();
  thread_.join();
}

void caretaker::run() {
  auto next_tick = connection::clock::now() + tick;
  while (!ending_) {
    wait_for_readers();
    auto now = connection::clock::now();
    if (now < next_tick) continue;
    next_tick = now + tick;
    for (const auto& each : core_->open_connections())
      each->keep_time(now);
  }
}

void caretaker::wait_for_readers() {
  std::vector<pollfd> waits{{core_->caretaker_wakes, POLLIN, 0}};
  for (const auto& each : slow_)
    waits.push_back({each->descriptor(), POLLOUT, 0});
  poll(waits.data(), waits.size(), static_cast<int>(tick.count()));
  eventfd_t ignored;
  eventfd_read(core_->caretaker_wakes, &ignored);
  // A closed connection waits on descriptor -1, which poll ignores; send_more() then finds nothing to do.
  size_t at = 0;
  auto done = [&](const std::shared_ptr<connection>& each) {
    const auto& wait = waits[++at];
    return (wait.fd < 0 || wait.revents != 0) && !each->send_more();
  };
  slow_.erase(std::remove_if(slow_.begin(), slow_.end(), done), slow_.end());
  auto added = core_->take_slow();
  std::move(added.begin(), added.end(), std::back_inserter(slow_));
}

}  // namespace pusher::http
