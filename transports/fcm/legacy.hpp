// FCM's legacy HTTP API, which Google ended in 2024: for proxies and simulators that still speak it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "conf/settings.hpp"
#include "model/clock.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"
#include "transports/gateway_protocol.hpp"
#include "transports/origin.hpp"

namespace pusher {

/// Details: `named` for a success that has a message's id; `foreign` when the body is not JSON.
extern const verdict_table fcm_legacy_answers;

/// `targets`: how many tokens were sent; the results stand in their order.
answer_reading read_fcm_legacy_answer(int status, std::string_view body, size_t targets);

/// What stands behind the tokens, from the closing bracket on. Of the android override, `priority`,
/// `restricted_package_name` and `notification` have their like here. Errors: corrupt_data.
result<std::string> render_fcm_legacy_suffix(const message& content, utc_ms now);
/// The same for what may have `most` bytes. Errors: payload_too_large.
result<std::string> render_fcm_legacy_suffix(const message& content, utc_ms now, size_t most);

class fcm_legacy_protocol final : public gateway_protocol {
 public:
  fcm_legacy_protocol(const std::string& server_key, const origin& where);

  const verdict_table& table() const override { return fcm_legacy_answers; }
  uint64_t credential(steady_time) override { return 1; }
  void credential_refused(uint64_t) override {}
  std::string credential_trouble() const override { return {}; }
  size_t targets_per_request(const message& content) const override {
    return content.blanks.empty() ? 1000 : 1;
  }
  std::optional<verdict> word(push_request& fresh, utc_ms now) override;
  answer_reading read(const push_request& done) override {
    return read_fcm_legacy_answer(done.status, done.body, done.targets.size());
  }

 private:
  std::shared_ptr<const h2::request_head> head_;
};

/// Errors: invalid_configuration (address, authorities), internal.
result<std::unique_ptr<transport>> make_fcm_legacy_transport(const fcm_legacy_settings& settings,
                                                             const limits_settings& limits,
                                                             answer_sink& sink);

}  // namespace pusher
