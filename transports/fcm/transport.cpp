#include "transports/fcm/transport.hpp"

#include "transports/fcm/protocol.hpp"
#include "transports/origin.hpp"
#include "transports/service_account.hpp"
#include "transports/threaded_transport.hpp"

namespace pusher {

result<std::unique_ptr<transport>> make_fcm_transport(const fcm_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink) {
  auto account = load_service_account(settings.service_account_file);
  if (!account) return std::move(account).failure();
  return make_fcm_transport(*account, settings, limits, sink);
}

result<std::unique_ptr<transport>> make_fcm_transport(const service_account& account,
                                                      const fcm_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink) {
  return start_transport(sink, [&](event_loop& loop) -> result<std::unique_ptr<loop_side>> {
    auto where = parse_origin(settings.base_url);
    if (!where) return std::move(where).failure();
    auto tls = tls_context::make(settings.ca_file);
    if (!tls) return std::move(tls).failure();
    auto protocol = std::make_unique<fcm_protocol>(account, *where, settings, loop);
    return std::unique_ptr<loop_side>(std::make_unique<single_origin>(
        loop, *std::move(tls), std::move(protocol), "FCM", *where, limits, pool_bounds_of(limits),
        sending_pace{settings.messages_per_minute, settings.ramp_seconds, limits.retry_budget_percent}));
  });
}

}  // namespace pusher
