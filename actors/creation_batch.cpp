#include "actors/creation_batch.hpp"

#include <map>

#include "http/codec_notification.hpp"

namespace pusher {

void creation_batch::add(std::shared_ptr<http::exchange> exchange) {
  entry fresh{std::move(exchange), {}, clock::now()};
  const auto& asked = fresh.exchange->request();
  auto read = http::read_creation(asked, engine_);
  if (auto* refused = std::get_if<http::response>(&read)) return answer(fresh, std::move(*refused));
  fresh.wanted = std::move(std::get<http::creation>(read));
  if (size() >= most || bytes_ + asked.body.size() > most_bytes) store();
  bytes_ += asked.body.size();
  waiting_.push_back(std::move(fresh));
}

void creation_batch::store() {
  std::map<application_id, std::vector<entry*>> groups;
  for (auto& each : waiting_)
    groups[each.wanted.application].push_back(&each);
  for (const auto& [app, members] : groups)
    store(members);
  waiting_.clear();
  bytes_ = 0;
}

void creation_batch::store(const std::vector<entry*>& of_one_application) {
  std::vector<http::wished_notification> wished;
  for (auto* each : of_one_application)
    wished.push_back(std::move(each->wanted.wished));
  auto created = engine_.create_notifications(of_one_application.front()->wanted.application, wished,
                                              http::notification_body);
  for (size_t i = 0; i < created.size(); ++i)
    answer(*of_one_application[i],
           http::creation_response(of_one_application[i]->exchange->request(), std::move(created[i])));
}

void creation_batch::answer(const entry& to, http::response made) {
  told_(*to.exchange, made, to.since);
  to.exchange->answer(std::move(made));
}

}  // namespace pusher
