// The thread that keeps the connections' deadlines and finishes answers that their clients read slowly.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "http/connection.hpp"
#include "http/server_core.hpp"

namespace pusher::http {

class caretaker {
 public:
  explicit caretaker(std::shared_ptr<server_core> core);
  ~caretaker();
  caretaker(const caretaker&) = delete;
  caretaker& operator=(const caretaker&) = delete;

 private:
  void run();
  void wait_for_readers();

  const std::shared_ptr<server_core> core_;
  std::vector<std::shared_ptr<connection>> slow_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace pusher::http
