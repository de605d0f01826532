#include "actors/credential_index.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

credential_snapshot::entry entry(const char* id, uint64_t app, gateway of, bool production = true,
                                 bool sandbox = true) {
  credential_snapshot::entry made;
  made.value.id = id;
  made.value.application = {app};
  made.value.gateway = of;
  made.value.production = production;
  made.value.sandbox = sandbox;
  made.application_name = "app " + std::to_string(app);
  return made;
}

}  // namespace

TEST_CASE("the first credential that serves a route is used, each application's by itself") {
  credential_snapshot snapshot;
  snapshot.default_application = {1};
  snapshot.active = {entry("newer", 2, gateway::apns, true, false), entry("older", 2, gateway::apns),
                     entry("other", 3, gateway::fcm)};
  auto index = index_of(snapshot);
  CHECK(index.find({{2}, channel::apns})->id == "newer");
  CHECK(index.find({{2}, channel::apns_sandbox})->id == "older");
  CHECK(index.find({{2}, channel::fcm}) == nullptr);
  CHECK(index.find({{3}, channel::fcm})->id == "other");
  CHECK(index.find({{1}, channel::fcm}) == nullptr);
  CHECK(index.name_of({2}) == "app 2");
  CHECK(index.name_of({1}) == "default");
  CHECK(index.name_of({9}).empty());
}

TEST_CASE("an index survives as text, without what it does not need to tell") {
  credential_snapshot snapshot;
  snapshot.default_application = {1};
  snapshot.active = {entry("a", 2, gateway::apns, false, true), entry("b", 3, gateway::webpush)};
  snapshot.active[0].value.sealed = "sealed text";
  snapshot.active[0].application_name = "\"quoted\"";
  auto text = to_text(index_of(snapshot));
  CHECK(text.find("sealed text") == std::string::npos);
  auto again = parse_credential_index(text);
  REQUIRE(again);
  CHECK(again->default_application == application_id{1});
  REQUIRE(again->credentials.size() == 2);
  CHECK(again->credentials[0].id == "a");
  CHECK_FALSE(again->credentials[0].production);
  CHECK(again->credentials[0].sandbox);
  CHECK(again->credentials[1].gateway == gateway::webpush);
  CHECK(again->name_of({2}) == "\"quoted\"");
  CHECK(parse_credential_index("").failure().code == errc::corrupt_data);
  CHECK(parse_credential_index(R"({"credentials":[{"id":"a"}]})").failure().code == errc::corrupt_data);
}

TEST_CASE("what a text is bound to is the same for who seals and who opens") {
  auto made = entry("a", 2, gateway::hms);
  credential_snapshot snapshot;
  snapshot.active = {made};
  CHECK(index_of(snapshot).credentials[0].seal_context() == seal_context_of(made.value));
}

TEST_CASE("routes survive as text") {
  std::set<push_route> routes{{{1}, channel::fcm}, {{12}, channel::apns_sandbox}};
  CHECK(to_text(routes) == "1.fcm,12.apns-sandbox");
  CHECK(parse_routes(to_text(routes)) == routes);
  CHECK(parse_routes("").empty());
  CHECK(parse_routes("x,1,.fcm,1.none,7.hms") == std::set<push_route>{{{7}, channel::hms}});
}
