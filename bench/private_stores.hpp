// Stores of a benchmark's own, in a temporary directory: embedded ones, as a node alone has them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/measure.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/transaction.hpp"

namespace pusher::bench {

class private_stores {
 public:
  enum class kind : uint8_t { redis_alone, both };

  /// With a journal that is ready, and a schema where there is MariaDB.
  explicit private_stores(kind which, const std::string& buffer_pool = "2G");
  ~private_stores();
  private_stores(const private_stores&) = delete;
  private_stores& operator=(const private_stores&) = delete;

  application_id new_application(const std::string& name);
  /// For a stopwatch.
  const std::vector<pid_t>& processes() const { return processes_; }

  settings config;
  std::unique_ptr<database> db;
  std::string run_id = "bench";

 private:
  void find_processes();

  std::string directory_;
  std::unique_ptr<embedded_stores> stores_;
  std::vector<pid_t> processes_;
};

}  // namespace pusher::bench
