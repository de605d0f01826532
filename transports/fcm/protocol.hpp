// FCM HTTP v1: how a push is worded and its answers are read.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "conf/settings.hpp"
#include "transports/fcm/answers.hpp"
#include "transports/gateway_protocol.hpp"
#include "transports/oauth_client.hpp"
#include "transports/origin.hpp"
#include "transports/service_account.hpp"

namespace pusher {

class fcm_protocol final : public gateway_protocol {
 public:
  /// The loop is woken when a token comes.
  fcm_protocol(const service_account& account, const origin& where, const fcm_settings& settings,
               event_loop& loop);

  const verdict_table& table() const override { return fcm_answers; }
  uint64_t credential(steady_time now) override;
  void credential_refused(uint64_t generation) override { tokens_.refused(generation); }
  std::string credential_trouble() const override { return tokens_.trouble(); }
  std::optional<token_life> token(steady_time) const override { return tokens_.life(); }
  bool refused_by_issuer() const override { return tokens_.refused_by_issuer(); }
  std::optional<verdict> word(push_request& fresh, utc_ms now) override;
  answer_reading read(const push_request& done) override { return read_fcm_answer(done.status, done.body); }

 private:
  const std::string authority_;
  const std::string path_;
  std::map<std::string, std::string, std::less<>> prefixes_;  ///< of the body, by the target's field
  oauth_client tokens_;
  std::shared_ptr<const access_token> token_;
  std::shared_ptr<const h2::request_head> head_;
};

}  // namespace pusher
