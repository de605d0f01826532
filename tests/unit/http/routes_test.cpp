#include "http/routes.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "fake_operations.hpp"
#include "http/export_page.hpp"
#include "http/import_chunk.hpp"
#include "http/import_result.hpp"
#include "http/path.hpp"
#include "model/json.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;
using pusher::testing::asking;
using pusher::testing::header;

namespace {

const std::string device_body = R"({"gateway":"fcm","platform":"android","push_token":"secret-token-1234"})";
const std::string note_body = R"({"content":{"title":"Hi"},"audience":{"all":true}})";
const std::string note_id = "01999999-9999-7999-8999-999999999999";

std::string code_of(const response& answer) {
  auto document = json::parse(answer.body);
  if (!document || !document->IsObject() || !document->HasMember("code")) return "";
  return (*document)["code"].GetString();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("patterns take what belongs to them") {
  CHECK(match("/v1/devices/{device_id}", "/v1/devices/a%2Fb:c") == std::vector<std::string>{"a/b:c"});
  CHECK(match("/v1/notifications/{id}:launch", "/v1/notifications/n:launch") ==
        std::vector<std::string>{"n"});
  CHECK(!match("/v1/notifications/{id}", "/v1/notifications/n:launch"));
  CHECK(!match("/v1/notifications/{id}:launch", "/v1/notifications/:launch"));
  CHECK(!match("/v1/notifications/{id}:launch", "/v1/notifications/n%3Alaunch"));
  CHECK(!match("/v1/devices/{device_id}", "/v1/devices/"));
  CHECK(!match("/v1/devices/{device_id}", "/v1/devices/a/b"));
  CHECK(!match("/v1/devices/{device_id}", "/v1//a"));
  CHECK(!match("/v1/devices/{device_id}", ""));
}

TEST_CASE(
    "a notification that is not there and older than what is kept may have been purged, and is said so") {
  fake_operations engine;
  auto asked = [&](const std::string& id) { return serve(asking("GET", "/v1/notifications/" + id), engine); };
  CHECK(asked(note_id).status == 404);
  CHECK(contains(asked(note_id).body, "stays for 90 days, and this id is older"));
  CHECK_FALSE(contains(asked(make_uuid_v7()).body, "purged"));
  CHECK_FALSE(contains(asked("n").body, "purged"));
  engine.applications[1].kept.notification_days = 1;
  CHECK(contains(asked(note_id).body, "stays for 1 day,"));
  engine.applications[1].kept.notification_days = 0;
  CHECK_FALSE(contains(asked(note_id).body, "purged"));
}

TEST_CASE("unknown paths are 404, known ones with another method 405 and what they allow") {
  fake_operations engine;
  for (const char* path :
       {"/", "/v1", "/v1/device/a", "/v1/devices", "/v1/devices/a/b", "/v1/devices/", "/V1/devices/a"}) {
    auto answer = serve(asking("GET", path), engine);
    CAPTURE(path);
    CHECK(answer.status == 404);
    CHECK(code_of(answer) == "route_not_found");
  }
  CHECK(serve(asking("POST", "/v1/notifications/" + note_id + ":pause"), engine).status == 404);
  auto answer = serve(asking("POST", "/v1/devices/a"), engine);
  CHECK(answer.status == 405);
  CHECK(header(answer, "Allow") == "PUT, GET, PATCH, DELETE, HEAD, OPTIONS");
  CHECK(serve(asking("DELETE", "/v1/notifications"), engine).status == 405);
  CHECK(serve(asking("DELETE", "/v1/users/u-7:export"), engine).status == 405);
}

TEST_CASE("every route wants a key, and a key with its scope") {
  fake_operations engine;
  struct route {
    const char *method, *path, *scope;
  };
  for (const auto& each : {route{"PUT", "/v1/devices/a", "devices"},
                           {"GET", "/v1/devices/a", "devices"},
                           {"PATCH", "/v1/devices/a", "devices"},
                           {"DELETE", "/v1/devices/a", "devices"},
                           {"POST", "/v1/devices:import", "devices"},
                           {"POST", "/v1/devices:search", "devices"},
                           {"POST", "/v1/devices:count", "devices"},
                           {"POST", "/v1/notifications", "send"},
                           {"POST", "/v1/notifications/x:launch", "send"},
                           {"GET", "/v1/notifications", "read"},
                           {"GET", "/v1/notifications/x", "read"},
                           {"GET", "/v1/events", "read"},
                           {"GET", "/v1/notifications/x/deliveries", "read"}}) {
    CAPTURE(each.path);
    for (std::string none : {"", "wrong", "all "}) {
      auto answer = serve(asking(each.method, each.path, "", none), engine);
      CHECK(answer.status == 401);
      CHECK(header(answer, "WWW-Authenticate").rfind("Bearer", 0) == 0);
    }
    for (std::string key : {"devices", "send", "read"}) {
      auto status = serve(asking(each.method, each.path, "", key), engine).status;
      CHECK((status == 403) == (key != each.scope));
    }
  }
  auto basic = asking("GET", "/v1/notifications");
  basic.headers["authorization"] = "Basic all";
  CHECK(serve(basic, engine).status == 401);
  basic.headers["authorization"] = "bearer all";
  CHECK(serve(basic, engine).status == 200);
}

TEST_CASE("a device is registered, replaced, read, changed and deleted") {
  fake_operations engine;
  auto made = serve(asking("PUT", "/v1/devices/a%2F%F0%9F%98%80", device_body), engine);
  CHECK(made.status == 201);
  CHECK(engine.devices.count("a/😀") == 1);
  CHECK(serve(asking("PUT", "/v1/devices/a%2F%F0%9F%98%80", device_body), engine).status == 200);
  auto read = serve(asking("GET", "/v1/devices/a%2F%F0%9F%98%80"), engine);
  CHECK(read.status == 200);
  CHECK(!contains(read.body, "secret-token"));
  auto changed =
      serve(asking("PATCH", "/v1/devices/a%2F%F0%9F%98%80", R"({"locale":"ko","user_id":"u"})"), engine);
  CHECK(changed.status == 200);
  CHECK(contains(changed.body, R"("locale":"ko")"));
  changed = serve(asking("PATCH", "/v1/devices/a%2F%F0%9F%98%80", R"({"locale":null})"), engine);
  CHECK(!contains(changed.body, "locale"));
  CHECK(contains(changed.body, R"("user_id":"u")"));
  CHECK(serve(asking("DELETE", "/v1/devices/a%2F%F0%9F%98%80"), engine).status == 204);
  CHECK(serve(asking("GET", "/v1/devices/a%2F%F0%9F%98%80"), engine).status == 404);
}

TEST_CASE("a failing store is 503 with Retry-After, and its words stay inside") {
  fake_operations engine;
  engine.fails = error{errc::store_unavailable, "host 10.0.0.5 refused", "", 3};
  auto answer = serve(asking("PUT", "/v1/devices/a", device_body), engine);
  CHECK(answer.status == 503);
  CHECK(header(answer, "Retry-After") == "3");
  CHECK(!contains(answer.body, "10.0.0.5"));
}

TEST_CASE("what is thrown stays inside: the client learns that it was us, and under which id") {
  struct throwing_operations : fake_operations {
    result<stored_device> get_device(application_id, const std::string&) override {
      throw std::runtime_error("host 10.0.0.5 refused secret-token");
    }
  } engine;
  auto answer = serve(asking("GET", "/v1/devices/a"), engine);
  CHECK(answer.status == 500);
  CHECK(code_of(answer) == "internal");
  CHECK(contains(answer.body, R"("request_id":"r1")"));
  CHECK(!contains(answer.body, "10.0.0.5"));
  CHECK(!contains(answer.body, "secret-token"));
}

TEST_CASE("every path tells what may be done at it, to anybody") {
  fake_operations engine;
  for (const auto& each : all_routes()) {
    std::string path(each.pattern);
    for (size_t at; (at = path.find('{')) != std::string::npos;)
      path.replace(at, path.find('}') - at + 1, "x");
    auto answer = serve(asking("OPTIONS", path, "", ""), engine);
    CAPTURE(path);
    CHECK(answer.status == 204);
    CHECK(contains(header(answer, "Allow"), std::string(each.method)));
    CHECK(contains(header(answer, "Allow"), "OPTIONS"));
  }
  CHECK(serve(asking("OPTIONS", "/v1/nothing"), engine).status == 404);
  CHECK(serve(asking("OPTIONS", "*"), engine).status == 204);
}

TEST_CASE("bodies are JSON and say so") {
  fake_operations engine;
  auto typed = [&](const std::string& type) {
    auto asked = asking("PUT", "/v1/devices/a", device_body);
    asked.headers["content-type"] = type;
    return serve(asked, engine).status;
  };
  CHECK(typed("application/json; charset=utf-8") < 300);
  CHECK(typed("Application/JSON") < 300);
  CHECK(typed("application/x-www-form-urlencoded") < 300);  // what curl -d says
  CHECK(typed("text/xml") == 415);
  CHECK(typed("multipart/form-data; boundary=x") == 415);
  CHECK(code_of(serve(asking("PUT", "/v1/devices/a", ""), engine)) == "malformed_json");
  CHECK(code_of(serve(asking("PUT", "/v1/devices/a", "[1"), engine)) == "malformed_json");
}

TEST_CASE("cursors of lists are sealed on their way out and opened on their way in") {
  fake_operations engine;
  engine.next = "c9";
  auto made = asking("GET", "/v1/notifications");
  made.query["cursor"] = "sealed-c1";
  auto page = serve(made, engine);
  CHECK(page.status == 200);
  CHECK(engine.paging.cursor == "c1");
  CHECK(page.body.find(R"("has_more":true,"next_cursor":"sealed-c9"})") != std::string::npos);
  CHECK(page.internal.empty());
  made.query["cursor"] = "foreign-c1";
  CHECK(code_of(serve(made, engine)) == "invalid_cursor");
  engine.next.clear();
  CHECK(contains(serve(asking("GET", "/v1/notifications"), engine).body, R"("next_cursor":null})"));
}

TEST_CASE("search and count take a condition, a limit and a cursor, and nothing else") {
  fake_operations engine;
  engine.next = "c9";
  serve(asking("PUT", "/v1/devices/a", device_body), engine);
  auto found = serve(asking("POST", "/v1/devices:search", R"({"limit":5,"cursor":"sealed-c1"})"), engine);
  CHECK(found.status == 200);
  CHECK(engine.paging.limit == 5);
  CHECK(engine.paging.cursor == "c1");
  CHECK(contains(found.body, R"("device_id":"a")"));
  CHECK(contains(found.body, R"("next_cursor":"sealed-c9"})"));
  CHECK(contains(found.body, R"("has_more":true)"));
  CHECK(serve(asking("POST", "/v1/devices:count", "{}"), engine).body ==
        R"({"count":1,"explain":{"access":"scan","devices_looked_at":1,"devices_matched":1}})");
  CHECK(serve(asking("POST", "/v1/devices:count", R"({"explain":false})"), engine).body == R"({"count":1})");
  CHECK(code_of(serve(asking("POST", "/v1/devices:count", R"({"conditon":{}})"), engine)) == "unknown_field");
  CHECK(serve(asking("POST", "/v1/devices:count", R"({"segment":"x"})"), engine).status == 200);
  CHECK(code_of(serve(asking("POST", "/v1/devices:count", R"({"segment":"a b"})"), engine)) ==
        "invalid_condition");
  auto both = serve(asking("POST", "/v1/devices:count", R"({"segment":"x","condition":{}})"), engine);
  CHECK(code_of(both) == "invalid_field");
  CHECK(contains(both.body, R"("pointer":"/segment")"));
  CHECK(code_of(serve(asking("POST", "/v1/devices:search", R"({"limit":1001})"), engine)) == "invalid_field");
}

TEST_CASE("query parameters that a route does not take are refused") {
  fake_operations engine;
  auto with = [&](const std::string& path, const std::string& name, const std::string& value) {
    auto asked = asking("GET", path);
    asked.query[name] = value;
    return serve(asked, engine);
  };
  CHECK(with("/v1/notifications", "limit", "7").status == 200);
  CHECK(engine.paging.limit == 7);
  for (const char* limit : {"0", "1001", "-1", "x", "", "1x"})
    CHECK(with("/v1/notifications", "limit", limit).status == 400);
  CHECK(with("/v1/notifications", "state", "completed").status == 200);
  CHECK(with("/v1/notifications", "state", "odd").status == 400);
  CHECK(with("/v1/notifications/x/deliveries", "outcome", "failed").status == 200);
  CHECK(with("/v1/notifications/x/deliveries", "outcome", "odd").status == 400);
  auto typo = with("/v1/notifications", "limt", "1");
  CHECK(code_of(typo) == "unknown_field");
  CHECK(contains(typo.body, "limit"));
  CHECK(with("/v1/notifications/x", "verbose", "1").status == 400);
}

TEST_CASE("a notification is created once per idempotency key") {
  fake_operations engine;
  auto made = serve(asking("POST", "/v1/notifications", note_body), engine);
  CHECK(made.status == 201);
  CHECK(header(made, "Location") == "/v1/notifications/" + note_id);
  CHECK(!engine.once);
  auto with_key = asking("POST", "/v1/notifications", note_body);
  with_key.headers["idempotency-key"] = "\"k1\"";
  auto replayed = serve(with_key, engine);
  CHECK(replayed.status == 201);
  CHECK(header(replayed, "Idempotency-Replayed") == "true");
  CHECK(replayed.body == made.body);
  REQUIRE(engine.once.has_value());
  CHECK(engine.once->key == "k1");
  CHECK((engine.once->request == sha256("/v1/notifications\n" + std::string(note_body))));
  for (std::string bad : {"", "\"\"", "a b", "\x01"}) {
    with_key.headers["idempotency-key"] = bad;
    CHECK(serve(with_key, engine).status == 400);
  }
  with_key.headers["idempotency-key"] = std::string(256, 'k');
  CHECK(serve(with_key, engine).status == 400);
}

TEST_CASE("launching answers 202, or why not") {
  fake_operations engine;
  CHECK(serve(asking("POST", "/v1/notifications/" + note_id + ":launch"), engine).status == 404);
  serve(asking("POST", "/v1/notifications", note_body), engine);
  auto launched = serve(asking("POST", "/v1/notifications/" + note_id + ":launch"), engine);
  CHECK(launched.status == 202);
  CHECK(contains(launched.body, note_id));
  engine.fails = error{errc::wrong_state, "It is completed.", "", 0};
  CHECK(serve(asking("POST", "/v1/notifications/" + note_id + ":launch"), engine).status == 409);
}

TEST_CASE("a notification is changed by a merge patch") {
  fake_operations engine;
  serve(asking("POST", "/v1/notifications",
               R"({"content":{"title":"Hi","body":"x"},"audience":{"condition":{"property":"a","eq":1}}})"),
        engine);
  auto patch = [&](const std::string& body) {
    return serve(asking("PATCH", "/v1/notifications/" + note_id, body), engine);
  };
  auto changed = patch(R"({"content":{"body":null,"sound":"s"},"audience":{"device_ids":["d"]}})");
  CHECK(changed.status == 200);
  CHECK(contains(changed.body, R"("content":{"title":"Hi","sound":"s"})"));
  CHECK(contains(changed.body, R"("audience":{"device_ids":["d"]})"));
  CHECK(contains(patch(R"({"scheduled_at":"2030-01-01T01:00:00+01:00"})").body,
                 R"("scheduled_at":"2030-01-01T00:00:00.000Z")"));
  CHECK(!contains(patch(R"({"scheduled_at":null})").body, "scheduled_at"));
  for (const char* bad : {R"({"launch":true})", R"({"content":null})", R"({"nonsense":1})", "[]",
                          R"({"scheduled_at":"noon"})", R"({"misfire_grace_seconds":-1})"})
    CHECK(patch(bad).status == 400);
  CHECK(serve(asking("POST", "/v1/notifications",
                     R"({"content":{"title":"x"},"audience":{"all":true},"launch":true,)"
                     R"("scheduled_at":"2030-01-01T00:00:00Z"})"),
              engine)
            .status == 400);
}

TEST_CASE("steps of a notification's life answer 202, deleting 204") {
  fake_operations engine;
  serve(asking("POST", "/v1/notifications", note_body), engine);
  for (auto [verb, step] : {std::pair(":pause", life_step::pause), std::pair(":resume", life_step::resume),
                            std::pair(":cancel", life_step::cancel)}) {
    CHECK(serve(asking("POST", "/v1/notifications/" + note_id + verb), engine).status == 202);
    CHECK(engine.step == step);
  }
  CHECK(serve(asking("DELETE", "/v1/notifications/" + note_id), engine).status == 204);
  CHECK(serve(asking("DELETE", "/v1/notifications/" + note_id), engine).status == 404);
}

TEST_CASE("an export of a list says where to go on, and when it was all") {
  fake_operations engine;
  engine.next = "7";
  const std::string path = "/v1/notifications/" + note_id + "/deliveries:export";
  CHECK(serve(asking("GET", path), engine).status == 500);  // outside of a stream
  auto page_at = [&](const std::string& position, const std::string& cursor = "") {
    auto asked = asking("GET", path);
    asked.internal[export_position_note] = position;
    if (!cursor.empty()) asked.query["cursor"] = cursor;
    return serve(asked, engine);
  };
  auto first = page_at("");
  CHECK(first.status == 200);
  CHECK(engine.paging.cursor.empty());
  CHECK(contains(first.body, "{\"next_cursor\":\"sealed-7\"}\n"));
  CHECK(first.internal.at(export_position_note) == "7");
  page_at("", "sealed-5");
  CHECK(engine.paging.cursor == "5");
  // Further pages of a stream have the query of the first.
  page_at("7", "sealed-5");
  CHECK(engine.paging.cursor == "7");
  CHECK(page_at("", "foreign-5").status == 400);
  engine.next = "";
  auto last = page_at("7");
  CHECK(contains(last.body, "{\"next_cursor\":null}\n"));
  CHECK(last.internal.count(export_position_note) == 0);
}

TEST_CASE("an export comes in pages, and only to our own streams") {
  fake_operations engine;
  for (const char* id : {"a", "b", "c", "d", "e"})
    REQUIRE(serve(asking("PUT", std::string("/v1/devices/") + id, device_body), engine).status == 201);
  auto export_all = [&](request asked) {
    std::string lines, position;
    for (int pages = 1;; ++pages) {
      asked.internal[export_position_note] = position;
      auto page = serve(asked, engine);
      CHECK(page.status == 200);
      CHECK(page.content_type == "application/x-ndjson");
      lines += page.body;
      auto next = page.internal.find(export_position_note);
      if (next == page.internal.end()) return std::make_pair(lines, pages);
      position = next->second;
    }
  };
  auto [lines, pages] = export_all(asking("GET", "/v1/devices:export"));
  CHECK(pages == 3);
  CHECK(
      lines.substr(0, lines.find('\n')) ==
      R"({"device_id":"a","gateway":"fcm","platform":"android","push_token":"secret-token-1234","properties":{}})");
  CHECK(export_all(asking("POST", "/v1/devices:export", R"({"condition":{}})")).first == lines);
  CHECK(serve(asking("GET", "/v1/devices:export"), engine).status == 500);
  auto refused = [&](request asked) {
    asked.internal[export_position_note] = "";
    return serve(asked, engine).status;
  };
  auto by_query = asking("GET", "/v1/devices:export");
  by_query.query["after"] = "a";
  CHECK(refused(by_query) == 200);
  by_query.query["after"] = "x";
  CHECK(refused(by_query) == 404);
  CHECK(refused(asking("POST", "/v1/devices:export", R"({"after":"x"})")) == 404);
  CHECK(refused(asking("POST", "/v1/devices:export", R"({"after":""})")) == 400);
  CHECK(refused(asking("POST", "/v1/devices:export", R"({"afterr":"a"})")) == 400);
  CHECK(refused(asking("POST", "/v1/devices:export", "{}", "read")) == 403);
  CHECK(refused(asking("POST", "/v1/devices:export", "{}", "")) == 401);
}

TEST_CASE("a chunk of an import answers line by line") {
  fake_operations engine;
  auto asked = asking("POST", "/v1/devices:import",
                      R"({"device_id":"a","gateway":"fcm","platform":"ios","push_token":"t1"})"
                      "\n\n{\n"
                      R"({"device_id":"b","gateway":"fcm","platform":"ios"})"
                      "\n"
                      R"({"device_id":"a","gateway":"fcm","platform":"ios","push_token":"t2"})"
                      "\n");
  asked.parsed = parse_import(asked.body, 11);
  auto answer = serve(asked, engine);
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/x-ndjson");
  std::vector<std::string> lines;
  for_each_line(answer.body, 1, [&](uint64_t, std::string_view line) { lines.emplace_back(line); });
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == R"({"line":11,"status":201,"device_id":"a"})");
  CHECK(contains(lines[1], R"("line":13,"status":400,"code":"malformed_json")"));
  CHECK(contains(lines[2], R"("line":14,"status":400,"code":"missing_field")"));
  CHECK(contains(lines[2], R"("pointer":"/push_token")"));
  CHECK(lines[3] == R"({"line":15,"status":200,"device_id":"a"})");
  engine.fails = error{errc::store_unavailable, "host 10.0.0.5", "", 0};
  answer = serve(asked, engine);
  CHECK(contains(answer.body, R"({"line":11,"status":503,"device_id":"a","code":"store_unavailable")"));
  CHECK(!contains(answer.body, "10.0.0.5"));
  CHECK(contains(answer.body, R"("line":13,"status":400)"));
  asked.parsed = nullptr;
  CHECK(contains(serve(asked, engine).body, R"("line":3,"status":400)"));
  asked.body.clear();
  engine.imports = 0;
  CHECK(serve(asked, engine).status == 200);
  CHECK(engine.imports == 0);
}

TEST_CASE("segments are saved, read with or without a count, listed and deleted") {
  fake_operations engine;
  serve(asking("PUT", "/v1/devices/a", device_body), engine);
  auto made =
      serve(asking("PUT", "/v1/segments/vip", R"({"condition":{"property":"plan","eq":"pro"}})"), engine);
  CHECK(made.status == 201);
  CHECK(contains(made.body, R"("name":"vip","condition":{"property":"plan","eq":"pro"})"));
  CHECK(serve(asking("PUT", "/v1/segments/vip", R"({"condition":{}})"), engine).status == 200);
  CHECK_FALSE(contains(serve(asking("GET", "/v1/segments/vip"), engine).body, "count"));
  auto counted = asking("GET", "/v1/segments/vip");
  counted.query["count"] = "true";
  CHECK(contains(serve(counted, engine).body, R"("count":1)"));
  counted.query["count"] = "yes";
  CHECK(code_of(serve(counted, engine)) == "invalid_field");
  CHECK(contains(serve(asking("GET", "/v1/segments"), engine).body, R"("name":"vip")"));
  CHECK(serve(asking("DELETE", "/v1/segments/vip"), engine).status == 204);
  CHECK(serve(asking("GET", "/v1/segments/vip"), engine).status == 404);
  CHECK(code_of(serve(asking("PUT", "/v1/segments/a%20b", R"({"condition":{}})"), engine)) ==
        "invalid_field");
  CHECK(code_of(serve(asking("PUT", "/v1/segments/x", "{}"), engine)) == "missing_field");
  CHECK(code_of(serve(asking("PUT", "/v1/segments/x", R"({"condition":{"propety":"a"}})"), engine)) ==
        "invalid_condition");
}

TEST_CASE("at most eight names are indexed, each once, and each a property's name") {
  fake_operations engine;
  CHECK(serve(asking("PUT", "/v1/indexed-properties", R"({"names":["plan","a.b $\"c\""]})"), engine).body ==
        R"({"items":[{"name":"plan","state":"ready"},{"name":"a.b $\"c\"","state":"ready"}]})");
  CHECK(serve(asking("PUT", "/v1/indexed-properties", R"({"names":[]})"), engine).body == R"({"items":[]})");
  for (const char* bad :
       {R"({"names":["1","2","3","4","5","6","7","8","9"]})", R"({"names":["a","a"]})", R"({"names":[""]})",
        R"({"names":["a\u0007"]})", R"({"names":[1]})", R"({"names":"a"})"})
    CHECK_MESSAGE(code_of(serve(asking("PUT", "/v1/indexed-properties", bad), engine)) == "invalid_field",
                  bad);
}

TEST_CASE("a report says what happened; users are listed and erased") {
  fake_operations engine;
  serve(asking("PUT", "/v1/devices/a", device_body), engine);
  for (const char* bad : {R"({"type":"disabled"})", R"({"type":"read"})"})
    CHECK(code_of(serve(asking("POST", "/v1/devices/a/events", bad), engine)) == "invalid_field");
  CHECK(code_of(serve(asking("POST", "/v1/devices/a/events", "{}"), engine)) == "missing_field");
  auto typed = asking("GET", "/v1/devices/a/events");
  typed.query["type"] = "sent";
  CHECK(code_of(serve(typed, engine)) == "invalid_field");
  CHECK(contains(serve(asking("GET", "/v1/users/u:1/devices"), engine).body, R"("device_id":"a")"));
  CHECK(serve(asking("DELETE", "/v1/users/u:1"), engine).body ==
        R"({"user_id":"u:1","erased":{"devices":1,"events":0}})");
}
