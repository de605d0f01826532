// APNs: how a push is worded and its answers are read.
#pragma once

#include <memory>
#include <string>

#include "transports/apns/answers.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/gateway_protocol.hpp"

namespace pusher {

class apns_protocol final : public gateway_protocol {
 public:
  /// `tokens` null = the connection's certificate signs in. `topic` is the app's bundle id.
  apns_protocol(std::string authority, std::string topic, std::shared_ptr<provider_token_keeper> tokens,
                bool has_other_environment);

  const verdict_table& table() const override { return apns_answers; }
  uint64_t credential(steady_time now) override;
  void credential_refused(uint64_t generation) override;
  std::string credential_trouble() const override;
  std::optional<token_life> token(steady_time now) const override;
  std::optional<verdict> word(push_request& fresh, utc_ms now) override;
  answer_reading read(const push_request& done) override;
  bool has_other_environment() const override { return has_other_environment_; }

 private:
  result<std::shared_ptr<const rendered_content>> render(const message& content, utc_ms now) const;

  const std::string authority_;
  const std::string topic_;
  const std::shared_ptr<provider_token_keeper> tokens_;
  const bool has_other_environment_;
  std::shared_ptr<const provider_token> token_;
};

}  // namespace pusher
