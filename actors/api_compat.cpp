// The part of the API that serves callers who hold push tokens and no device ids.
#include "actors/api_operations.hpp"

namespace pusher {

result<stored_device> api_operations::find_token(application_id app, const device& wanted) {
  return devices_.holder_of(app, wanted);
}

result<std::vector<http::token_holder>> api_operations::hold_tokens(application_id app,
                                                                    const std::vector<device>& values) {
  auto held = devices_.hold_tokens(app, values);
  if (!held) return held.failure();
  std::vector<http::token_holder> holders;
  for (auto& each : *held)
    holders.push_back({std::move(each.device_id), each.disabled == disabled_reason::unregistered});
  return holders;
}

result<void> api_operations::check_notification(application_id app, const notification_draft& draft) {
  return check_content(app, draft);
}

}  // namespace pusher
