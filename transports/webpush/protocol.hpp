// Web Push to one push service: how a push is worded and its answers are read.
#pragma once

#include <memory>
#include <string>

#include "transports/gateway_protocol.hpp"
#include "transports/jwt.hpp"
#include "transports/origin.hpp"
#include "transports/webpush/answers.hpp"

namespace pusher {

/// Takes targets whose bodies are encrypted already: push_order::bodies.
class web_push_protocol final : public gateway_protocol {
 public:
  web_push_protocol(ec_key key, std::string subject, const origin& where);

  const verdict_table& table() const override { return web_push_answers; }
  uint64_t credential(steady_time now) override;
  void credential_refused(uint64_t generation) override;
  std::string credential_trouble() const override { return trouble_; }
  bool refusals_spare_the_push() const override { return false; }
  std::optional<verdict> word(push_request& fresh, utc_ms now) override;
  answer_reading read(const push_request& done) override;

 private:
  const ec_key key_;
  const std::string subject_;
  const std::string authority_;
  std::string authorization_;
  std::string trouble_;
  uint64_t generation_ = 0;
  steady_time signed_at_;
  bool refused_ = false;
};

}  // namespace pusher
