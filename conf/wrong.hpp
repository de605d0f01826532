// What a check of the configuration answers when it finds a fault.
#pragma once

#include <string>
#include <utility>

#include "model/error.hpp"

namespace pusher {

inline error wrong(std::string detail) {
  return {errc::invalid_configuration, std::move(detail), "", 0};
}

}  // namespace pusher
