// Which answer a push token is to get: by its prefix, by a configured rate, or success.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/emulator/options.hpp"
#include "tests/emulator/verdict.hpp"

namespace pusher::emulator {

/// How often a token came before this time.
struct earlier_attempts {
  uint32_t of_token = 0;
  uint32_t of_token_and_notification = 0;
};

class script {
 public:
  explicit script(std::vector<answer_rate> rates) : rates_(std::move(rates)) {}

  scripted_answer answer(std::string_view token, const earlier_attempts& before) const;

 private:
  verdict by_rate(std::string_view token) const;

  std::vector<answer_rate> rates_;
};

/// The same in every run.
uint64_t stable_hash(std::string_view text);

}  // namespace pusher::emulator
