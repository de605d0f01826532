// What is to happen at which fail point, as PUSHER_FAIL says:
//   NAME:COUNT:ACTION[,NAME:COUNT:ACTION...]
// COUNT: at which passing, from 1; `3+` = at the third and every later one. ACTION: `exit` (at once, like
// kill -9), `stop` (SIGSTOP to itself), `throw` (std::runtime_error), `sleep=MS`.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"

namespace pusher {

enum class failing : uint8_t { exit, stop, raise, sleep };

struct planned_failure {
  std::string name;
  uint64_t first = 1;      ///< passing at which it happens
  bool and_later = false;  ///< and at every later one
  failing action = failing::exit;
  std::chrono::milliseconds pause{0};  ///< of `sleep`
};

/// Thread-safe.
class fail_plan {
 public:
  explicit fail_plan(std::vector<planned_failure> all) : all_(std::move(all)), passed_(all_.size()) {}

  /// What happens at this passing; of several the first of the plan.
  std::optional<planned_failure> pass(std::string_view name);

 private:
  std::mutex mutex_;
  const std::vector<planned_failure> all_;
  std::vector<uint64_t> passed_;
};

/// Errors: invalid_configuration, with the names there are.
result<std::vector<planned_failure>> parse_fail_plan(std::string_view text);

std::string_view to_string(failing action);

}  // namespace pusher
