// What the programs that measure share: CPU by the operating system's accounting, and a line per measurement.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "model/result.hpp"

namespace pusher::bench {

[[noreturn]] inline void give_up(const error& why) {
  std::fprintf(stderr, "%s\n", why.detail.c_str());
  std::exit(1);
}

template <class T>
T must(result<T>&& outcome) {
  if (!outcome) give_up(outcome.failure());
  return std::move(*outcome);
}
inline void must(result<void>&& outcome) {
  if (!outcome) give_up(outcome.failure());
}

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Of all threads of this process, without the stores.
inline double cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/// Of all threads of another one.
inline double cpu_seconds(pid_t process) {
  clockid_t clock{};
  return clock_getcpuclockid(process, &clock) == 0 ? seconds_of(clock) : 0;
}

/// What something took, of time and of CPU: this process's, and its stores'.
struct cost {
  double seconds = 0, cpu = 0, stores = 0;

  cost& operator+=(const cost& other) {
    seconds += other.seconds;
    cpu += other.cpu;
    stores += other.stores;
    return *this;
  }
};

class stopwatch {
 public:
  explicit stopwatch(std::vector<pid_t> stores = {}) : stores_(std::move(stores)), begun_(now()) {}

  cost read() const {
    auto end = now();
    return {end.seconds - begun_.seconds, end.cpu - begun_.cpu, end.stores - begun_.stores};
  }

 private:
  cost now() const {
    cost made{seconds_of(CLOCK_MONOTONIC), cpu_seconds(), 0};
    for (auto each : stores_)
      made.stores += cpu_seconds(each);
    return made;
  }

  std::vector<pid_t> stores_;
  cost begun_;
};

/// Whose measurement it is: a stage's, or that of the least that its work can cost.
enum class side { ours, floor };

/// One measurement as bench/stages.py reads it. `name`: the stage, the same on both sides.
inline void tell(const std::string& name, side whose, uint64_t count, const cost& took) {
  std::printf(R"({"stage": "%s", "side": "%s", "count": %llu, "seconds": %.6f, "cpu": %.6f, "stores": %.6f})"
              "\n",
              name.c_str(), whose == side::ours ? "ours" : "floor", static_cast<unsigned long long>(count),
              took.seconds, took.cpu, took.stores);
  std::fflush(stdout);
}

}  // namespace pusher::bench
