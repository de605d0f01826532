// What the pushes said, as they arrived: for tests that look at contents.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "tests/emulator/exchange.hpp"

namespace pusher::emulator {

/// Appends a line of JSON for each push, at once.
class body_log {
 public:
  /// An empty path means that nothing is kept.
  explicit body_log(const std::string& path) : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "ae")) {}

  explicit operator bool() const { return file_ != nullptr; }
  /// `body` as it was before anything was read from it.
  void add(std::string_view gateway, const request& asked, std::string_view body, int status);

 private:
  struct closing {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, closing> file_;
};

}  // namespace pusher::emulator
