#include "transports/hms/transport.hpp"

#include "transports/hms/protocol.hpp"
#include "transports/threaded_transport.hpp"

namespace pusher {

result<std::unique_ptr<transport>> make_hms_transport(const hms_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink) {
  return start_transport(sink, [&](event_loop& loop) -> result<std::unique_ptr<loop_side>> {
    auto where = parse_origin(settings.base_url);
    if (!where) return std::move(where).failure();
    auto tls = tls_context::make(settings.ca_file, {}, alpn::h2_or_http1);
    if (!tls) return std::move(tls).failure();
    auto bounds = pool_bounds_of(limits);
    bounds.connection.or_http1 = true;
    auto protocol = std::make_unique<hms_protocol>(settings, *where, loop);
    return std::unique_ptr<loop_side>(
        std::make_unique<single_origin>(loop, *std::move(tls), std::move(protocol), "HMS", *where, limits,
                                        bounds, sending_pace{0, 0, limits.retry_budget_percent}));
  });
}

}  // namespace pusher
