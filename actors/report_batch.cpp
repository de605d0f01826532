#include "actors/report_batch.hpp"

#include <map>

namespace pusher {

void report_batch::add(std::shared_ptr<http::exchange> exchange) {
  entry fresh{std::move(exchange), {}, clock::now()};
  auto read = http::read_device_report(fresh.exchange->request(), engine_);
  if (auto* refused = std::get_if<http::response>(&read)) return answer(fresh, std::move(*refused));
  fresh.wanted = std::move(std::get<http::device_report>(read));
  if (size() >= most) store();
  waiting_.push_back(std::move(fresh));
}

void report_batch::store() {
  std::map<application_id, std::vector<entry*>> groups;
  for (auto& each : waiting_)
    groups[each.wanted.application].push_back(&each);
  for (const auto& [app, members] : groups)
    store(members);
  waiting_.clear();
}

void report_batch::store(const std::vector<entry*>& of_one_application) {
  std::vector<client_report> reports;
  for (const auto* each : of_one_application)
    reports.push_back(each->wanted.value);
  auto recorded = engine_.report_events(of_one_application.front()->wanted.application, reports);
  for (size_t i = 0; i < reports.size(); ++i)
    answer(*of_one_application[i],
           http::device_report_response(
               of_one_application[i]->exchange->request(), reports[i],
               recorded ? result<recorded_report>((*recorded)[i]) : recorded.failure()));
}

void report_batch::answer(const entry& to, http::response made) {
  told_(*to.exchange, made, to.since);
  to.exchange->answer(std::move(made));
}

}  // namespace pusher
