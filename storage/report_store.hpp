// What clients report of notifications: received, opened. Counted once per device, however often it is said.
#pragma once

#include <vector>

#include "model/result.hpp"
#include "model/results.hpp"
#include "storage/database.hpp"

namespace pusher {

class report_store {
 public:
  explicit report_store(database& db) : db_(db) {}

  /// All in one transaction: rows of what is new, the notifications' counts, that the devices were seen. The
  /// answer has one element per report, in order.
  result<std::vector<recorded_report>> record(application_id app, const std::vector<client_report>& reports);

 private:
  database& db_;
};

}  // namespace pusher
