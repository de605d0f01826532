// What a node has around its roles: clocks, chance, logs, places to die at, and the gateway's
// client. This file stands in the place of each; those that are inside libraries the linker wraps
// (CMakeLists.txt).
#include <chrono>

#include "actors/log.hpp"
#include "model/clock.hpp"
#include "storage/fail_point.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/simulation.hpp"
#include "transports/fcm/legacy.hpp"

namespace {

pusher::testing::simulation& world() {
  return pusher::testing::simulation::current();
}

/// CAF's clock is asked before the first schedule and after the last one.
pusher::utc_ms steady_ms() {
  return pusher::testing::simulation::runs() ? world().now() : 0;
}

}  // namespace

// Names that the linker gives to what it wraps.
extern "C" {
pusher::utc_ms __wrap__ZN6pusher6now_msEv();
std::chrono::steady_clock::time_point __wrap__ZNSt6chrono3_V212steady_clock3nowEv();
unsigned __wrap__ZNSt13random_device9_M_getvalEv(void* device);

pusher::utc_ms __wrap__ZN6pusher6now_msEv() {
  return world().wall_clock();
}
std::chrono::steady_clock::time_point __wrap__ZNSt6chrono3_V212steady_clock3nowEv() {
  return std::chrono::steady_clock::time_point(std::chrono::milliseconds(steady_ms()));
}
unsigned __wrap__ZNSt13random_device9_M_getvalEv(void*) {
  return world().random();
}
}

namespace pusher {

void fail_point(std::string_view name) {
  world().pass(name);
}

result<std::unique_ptr<transport>> make_fcm_legacy_transport(const fcm_legacy_settings&,
                                                             const limits_settings&, answer_sink& sink) {
  return std::unique_ptr<transport>(std::make_unique<testing::simulated_transport>(world(), sink));
}

namespace log {

namespace {

void tell(std::string_view event, const fields& values) {
  if (!world().traced()) return;
  std::string line = "# " + std::string(event);
  for (const auto& [name, value] : values)
    line += " " + std::string(name) + "=" + value;
  world().trace(line);
}

}  // namespace

void debug(std::string_view event, fields values) {
  tell(event, values);
}
void info(std::string_view event, fields values) {
  tell(event, values);
}
void warn(std::string_view event, fields values) {
  tell(event, values);
}
void error(std::string_view event, fields values) {
  tell(event, values);
}
line_counts counts() {
  return {};
}

}  // namespace log

}  // namespace pusher
