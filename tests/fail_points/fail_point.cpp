// The fail_point() of `pusher-with-fail-points`: does what PUSHER_FAIL says. Each passing at which something
// happens is a line on standard error, written before it happens, so that a test can await it.
#include "storage/fail_point.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/fail_points/fail_plan.hpp"

namespace pusher {

namespace {

constexpr int exit_configuration = 78;
constexpr int exit_of_a_fail_point = 99;

void say(const std::string& line) {
  auto text = line + "\n";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

std::vector<planned_failure> read_environment() {
  const char* text = std::getenv("PUSHER_FAIL");
  auto made = parse_fail_plan(text ? text : "");
  if (made) return *std::move(made);
  say(made.failure().detail);
  _exit(exit_configuration);
}

fail_plan& plan() {
  static fail_plan only(read_environment());
  return only;
}

// A wrong plan ends the program before it has begun.
[[maybe_unused]] const auto& read_at_start = plan();

void happen(const planned_failure& what) {
  say(R"({"event":"fail_point.passed","name":")" + what.name + R"(","action":")" +
      std::string(to_string(what.action)) + "\"}");
  switch (what.action) {
    case failing::exit:
      _exit(exit_of_a_fail_point);
    case failing::stop:
      std::raise(SIGSTOP);
      return;
    case failing::raise:
      throw std::runtime_error("fail point " + what.name);
    case failing::sleep:
      std::this_thread::sleep_for(what.pause);
      return;
  }
}

}  // namespace

void fail_point(std::string_view name) {
  if (std::find(fail_point_names.begin(), fail_point_names.end(), name) == fail_point_names.end()) {
    say("There is no fail point '" + std::string(name) + "' in storage/fail_point.hpp.");
    std::abort();
  }
  if (auto now = plan().pass(name)) happen(*now);
}

}  // namespace pusher
