#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/routes.hpp"
#include "model/json.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

const std::string note = R"({"content":{"title":"Hi"},"audience":{"all":true}})";

response post(operations& engine, const std::string& path, const std::string& body) {
  return serve(testing::asking("POST", path, body), engine);
}

std::string pointer_of(const response& answer) {
  auto read = json::parse(answer.body);
  return read && read->HasMember("errors") ? (*read)["errors"][0]["pointer"].GetString() : "";
}

}  // namespace

TEST_CASE("a rehearsal is written in full, what is not known as null") {
  fake_operations engine;
  auto answer = post(engine, "/v1/notifications:rehearse", note);
  CHECK(answer.status == 200);
  CHECK(answer.body ==
        R"({"audience":{"count":7,"to_send":5,"by_gateway":[{"gateway":"fcm","count":7,"skipped":2}],)"
        R"("by_locale":[{"locale":"ko-KR","localization":"ko","count":3},{"locale":null,"localization":null,)"
        R"("count":2}],"other_locales":2,"skipped":[{"code":"no_credential","count":2}]},"payloads":[)"
        R"({"gateway":"fcm","locale":"ko","localization":"ko","fits":true,"bytes":11,"limit":4096,)"
        R"("shortened":false,"payload":{"data":{}}},{"gateway":"apns","locale":null,"localization":null,)"
        R"("fits":false,"fault":"too large"}],"duration":{"seconds":2.5,"per_second":2.0,)"
        R"("limited_by":"rate_per_second"}})");
  CHECK(engine.rehearsed.content.title == "Hi");
}

TEST_CASE("a rehearsal may ask for locales or a device, beside a draft or alone") {
  fake_operations engine;
  CHECK(post(engine, "/v1/notifications:rehearse",
             R"({"content":{"title":"Hi"},"audience":{"all":true},"locales":["KO_kr","fr"]})")
            .status == 200);
  CHECK(engine.wish.locales == std::vector<std::string>{"ko-KR", "fr"});
  for (const auto& refused : {std::pair(R"({"locales":["korean"]})", "/locales/0"),
                              {R"({"locales":[]})", "/locales"},
                              {R"({"locales":["ko"],"device_id":"a"})", "/locales"},
                              {R"({"device_id":1})", "/device_id"},
                              {R"({"title":"x"})", "/title"}}) {
    auto answer = post(engine, "/v1/notifications/n:rehearse", refused.first);
    CHECK_MESSAGE(answer.status == 400, refused.first);
    CHECK(pointer_of(answer) == refused.second);
  }
  CHECK(post(engine, "/v1/notifications:rehearse", "").status == 400);
}
