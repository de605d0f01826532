#include "transports/apns/transport.hpp"

#include "conf/secret_file.hpp"
#include "transports/apns/protocol.hpp"
#include "transports/origin.hpp"
#include "transports/threaded_transport.hpp"

namespace pusher {

result<std::shared_ptr<provider_token_keeper>> make_provider_tokens(const apns_settings& settings) {
  if (settings.key_file.empty()) return std::shared_ptr<provider_token_keeper>();
  auto text = read_secret("apns.key_file", settings.key_file);
  if (!text) return std::move(text).failure();
  auto key = ec_key::parse(*text);
  if (!key)
    return error{
        errc::invalid_configuration,
        "apns.key_file: " + settings.key_file + " is " + key.failure().detail + ", as Apple's .p8 is", "", 0};
  return std::make_shared<provider_token_keeper>(*std::move(key), settings.key_id, settings.team_id);
}

result<std::unique_ptr<transport>> make_apns_transport(const apns_settings& settings, environment where,
                                                       const std::shared_ptr<provider_token_keeper>& tokens,
                                                       const limits_settings& limits, answer_sink& sink) {
  auto certificate = load_identity(settings.certificate_file, settings.certificate_password);
  if (!certificate) return std::move(certificate).failure();
  return make_apns_transport(settings, where, {tokens, *std::move(certificate), settings.topic}, limits,
                             sink);
}

result<std::unique_ptr<transport>> make_apns_transport(const apns_settings& settings, environment where,
                                                       const apns_sign_in& sign_in,
                                                       const limits_settings& limits, answer_sink& sink) {
  bool sandbox = where == environment::sandbox;
  return start_transport(sink, [&](event_loop& loop) -> result<std::unique_ptr<loop_side>> {
    auto address = parse_origin(sandbox ? settings.sandbox_url() : settings.base_url);
    if (!address) return std::move(address).failure();
    auto tls = tls_context::make(settings.ca_file, sign_in.certificate);
    if (!tls) return std::move(tls).failure();
    auto bounds = pool_bounds_of(limits);
    bounds.connection.one_stream_first = sign_in.tokens != nullptr;
    auto protocol = std::make_unique<apns_protocol>(address->authority, sign_in.topic, sign_in.tokens,
                                                    !settings.sandbox_url().empty());
    return std::unique_ptr<loop_side>(std::make_unique<single_origin>(
        loop, *std::move(tls), std::move(protocol), sandbox ? "APNs (sandbox)" : "APNs", *address, limits,
        bounds, sending_pace{0, 0, limits.retry_budget_percent}));
  });
}

}  // namespace pusher
