// The stores that all storage tests of one program share, and small helpers.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "conf/settings.hpp"
#include "storage/embedded_stores.hpp"

namespace pusher::testing {

/// A directory that goes away with the object.
class temporary_directory {
 public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Settings with the addresses of a private Redis and MariaDB, migrated; started at the first call and
/// stopped at the program's end.
const settings& shared_stores();

/// Polls until it is so, at most `patience`; whether it was.
template <class Predicate>
bool eventually(Predicate is_so, std::chrono::seconds patience = std::chrono::seconds(20)) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace pusher::testing
