// Huawei Push Kit: how pushes are worded and answers are read. One request carries many tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/settings.hpp"
#include "transports/gateway_protocol.hpp"
#include "transports/hms/answers.hpp"
#include "transports/oauth_client.hpp"
#include "transports/origin.hpp"

namespace pusher {

class hms_protocol final : public gateway_protocol {
 public:
  /// The loop is woken when a token comes.
  hms_protocol(const hms_settings& settings, const origin& where, event_loop& loop);

  const verdict_table& table() const override { return hms_answers; }
  uint64_t credential(steady_time now) override;
  void credential_refused(uint64_t generation) override { tokens_.refused(generation); }
  std::string credential_trouble() const override { return tokens_.trouble(); }
  std::optional<token_life> token(steady_time) const override { return tokens_.life(); }
  bool refused_by_issuer() const override { return tokens_.refused_by_issuer(); }
  size_t targets_per_request(const message& content) const override {
    return content.blanks.empty() ? 1000 : 1;
  }
  bool stands_alone(std::string_view push_token) const override;
  std::optional<verdict> word(push_request& fresh, utc_ms now) override;
  answer_reading read(const push_request& done) override;

 private:
  const std::string authority_;
  const std::string path_;
  const std::string_view prefix_;
  oauth_client tokens_;
  std::shared_ptr<const access_token> token_;
  std::shared_ptr<const h2::request_head> head_;
  std::vector<std::string_view> sent_;
};

}  // namespace pusher
