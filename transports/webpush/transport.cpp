#include "transports/webpush/transport.hpp"

#include "conf/secret_file.hpp"
#include "transports/webpush/services.hpp"
#include "transports/webpush/vapid.hpp"

namespace pusher {

result<std::unique_ptr<transport>> make_web_push_transport(const webpush_settings& settings,
                                                           const limits_settings& limits, answer_sink& sink) {
  auto text = read_secret("webpush.vapid_key_file", settings.vapid_key_file);
  if (!text) return std::move(text).failure();
  auto key = ec_key::parse(*text);
  if (!key)
    return error{errc::invalid_configuration,
                 "webpush.vapid_key_file: " + settings.vapid_key_file + " is " + key.failure().detail +
                     "; `pusher vapid generate` makes one",
                 "", 0};
  return make_web_push_transport(*key, settings.subject, settings, limits, sink);
}

result<std::unique_ptr<transport>> make_web_push_transport(const ec_key& key, const std::string& subject,
                                                           const webpush_settings& settings,
                                                           const limits_settings& limits, answer_sink& sink) {
  if (auto good = check_vapid_subject(subject); !good) return good.failure();
  return start_transport(sink, [&](event_loop& loop) -> result<std::unique_ptr<loop_side>> {
    auto tls = tls_context::make(settings.ca_file, {}, alpn::h2_or_http1);
    if (!tls) return std::move(tls).failure();
    return std::unique_ptr<loop_side>(
        std::make_unique<push_services>(loop, *std::move(tls), key, subject, settings, limits));
  });
}

}  // namespace pusher
