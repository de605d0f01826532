// Every row of every gateway's table, through the emulator's own wording of it.
#include <doctest/doctest.h>

#include "tests/contract/transports/gateway_under_test.hpp"
#include "transports/apns/answers.hpp"
#include "transports/fcm/answers.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/hms/answers.hpp"
#include "transports/webpush/answers.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

const verdict_table& table_of(const std::string& name) {
  if (name == "fcm") return fcm_answers;
  if (name == "apns") return apns_answers;
  if (name == "hms") return hms_answers;
  return name == "legacy" ? fcm_legacy_answers : web_push_answers;
}

/// What the emulator is told to say; empty when the row needs words that have tests of their own.
std::string script_of(const std::string& name, const answer_rule& rule) {
  if (!rule.detail.empty() || rule.code == "80100000" || rule.code == "MALFORMED_ANSWER") return "";
  if (rule.code == "ExpiredProviderToken") return "";  // waits for another token: see apns_test.cpp
  if (rule.action == answer_action::accepted) return "plain";
  std::string code(rule.code);
  if (code.rfind("errno-", 0) == 0) code = code.substr(6);
  if (code.empty()) {
    if (rule.from < 300) return "";  // a success without what makes it one
    code = name == "webpush" ? "999" : "SomethingElse";
  }
  // A status that no earlier row takes for itself.
  int status = rule.from == 300 ? 302 : rule.from;
  return "SAY-" + std::to_string(status) + "-" + code + "-x";
}

/// Whether the row blames the credential alone: the push then waits for it to be mended. Push services of Web
/// Push say the same of a subscription that was made with another key.
bool spares_the_push(const std::string& name, const answer_rule& rule) {
  bool blames =
      rule.action == answer_action::refresh_credential || rule.action == answer_action::refused_credential;
  return blames && name != "webpush" && (rule.from == 401 || rule.from == 403);
}

verdict_kind expected(const answer_rule& rule) {
  // Without the other environment to ask.
  return rule.action == answer_action::switch_environment ? verdict_kind::unregistered
                                                          : verdict_of(rule, std::nullopt).kind;
}

}  // namespace

TEST_CASE("every row of every gateway's table leads to its action") {
  for (auto& which : every_gateway()) {
    std::string name = which.name;
    CAPTURE(name);
    emulated_gateway gateway({"--apns-token-updates-seconds", "0"});  // each transport mints one
    size_t rows = 0;
    for (auto& rule : table_of(name)) {
      auto text = script_of(name, rule);
      if (text.empty()) continue;
      CAPTURE(text);
      // A transport of its own: some rows pause the credential.
      answer_collector sink;
      auto made = which.make(gateway, limits_settings{}, sink);
      REQUIRE(made.ok());
      push_order order;
      order.id = ++rows;
      order.content = some_message();
      order.numbers = {7};
      order.targets = {which.target(gateway, text)};
      order.targets.back().device = {rows};
      (*made)->submit(order);
      bool spares = spares_the_push(name, rule);
      if (spares) REQUIRE(await([&] { return sink.answers() > 0 || (*made)->stats().credential_refused; }));
      // What only says "any other code" may, with the emulator's one, be another row's.
      if (spares && (!rule.code.empty() || sink.answers() == 0)) {
        CHECK(sink.answers() == 0);
        (*made)->withdraw_all();
        REQUIRE(sink.await_answers(1));
        CHECK(sink.of(rows, 7).kind == verdict_kind::unsent);
        continue;
      }
      REQUIRE(sink.await_answers(1));
      auto got = sink.of(rows, 7);
      CHECK(got.kind == expected(rule));
      if (rule.action == answer_action::accepted)
        CHECK_FALSE(got.gateway_message_id.empty());
      else if (!rule.code.empty())
        CHECK(got.code == rule.code);
      if (got.kind == verdict_kind::retry) CHECK(got.retry_after_ms + got.minimum_wait_ms == rule.wait_ms);
    }
    MESSAGE(name << ": " << rows << " rows");
    CHECK(rows >= 8);
  }
}
