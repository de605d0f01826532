#include "actors/creation_batch.hpp"

#include "http/codec_notification.hpp"

namespace pusher {

std::variant<http::creation, http::response> creation_batch::read(const http::request& asked) {
  return http::read_creation(asked, engine_);
}

void creation_batch::store_together(application_id app, const std::vector<entry*>& all) {
  std::vector<http::wished_notification> wished;
  for (auto* each : all)
    wished.push_back(std::move(each->wanted.wished));
  auto created = engine_.create_notifications(app, wished, http::notification_body);
  for (size_t i = 0; i < created.size(); ++i)
    answer(*all[i],
           http::creation_response(all[i]->exchange->request(), all[i]->wanted.who, std::move(created[i])));
}

}  // namespace pusher
