#include "storage/report_store.hpp"

#include "storage/report_recording.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr int tries = 5;

}  // namespace

result<std::vector<recorded_report>> report_store::record(application_id app,
                                                          const std::vector<client_report>& reports) {
  for (int attempt = 1;; ++attempt) {
    bool raced = false;
    auto done = transact(db_, [&](database::connection& on) {
      report_recording recording(on, app, reports);
      auto made = recording.run();
      raced = recording.raced();
      return made;
    });
    if (done || !raced) return done;
    if (attempt == tries)
      return error{errc::store_unavailable, "The same was reported many times at the same time", "", 1};
  }
}

}  // namespace pusher
