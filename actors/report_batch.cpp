#include "actors/report_batch.hpp"

namespace pusher {

std::variant<http::device_report, http::response> report_batch::read(const http::request& asked) {
  return http::read_device_report(asked, engine_);
}

void report_batch::store_together(application_id app, const std::vector<entry*>& all) {
  std::vector<client_report> reports;
  for (const auto* each : all)
    reports.push_back(each->wanted.value);
  auto recorded = engine_.report_events(app, reports);
  for (size_t i = 0; i < reports.size(); ++i)
    answer(*all[i], http::device_report_response(
                        all[i]->exchange->request(), reports[i],
                        recorded ? result<recorded_report>((*recorded)[i]) : recorded.failure()));
}

}  // namespace pusher
