#include "storage/journal_codec.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace pusher;

namespace {

push_batch some_batch() {
  push_batch batch;
  batch.notification = {42};
  batch.expires_at = 1'800'000'000'123;
  batch.retries = 2;
  batch.targets = {{{1}, "token-a", 0}, {{1'000'000'000'000}, std::string(4096, 't'), 3}};
  return batch;
}

result_batch some_results() {
  result_batch batch;
  batch.notification = {42};
  push_result dead;
  dead.device = {9};
  dead.outcome = outcome::unregistered;
  dead.attempts = 1;
  dead.settled_at = 1'800'000'000'000;
  dead.code = "UNREGISTERED";
  dead.token = sha256("token");
  dead.unregistered_at = 1'799'999'999'999;
  push_result good;
  good.device = {10};
  good.outcome = outcome::accepted;
  good.gateway_message_id = "0:123%abc";
  batch.results = {dead, good};
  return batch;
}

message some_message() {
  message value;
  value.key = {42};
  value.content.title = "Grüße";
  value.content.body = "";
  value.content.badge = 3;
  value.content.data = {{"k", "v"}, {"empty", ""}};
  value.localizations = {{"ko", {}}, {"zh-Hant", {}}};
  value.localizations[0].content.title = "안녕";
  value.localizations[1].content.data = {{"a", "{{properties.x}}"}};
  value.variables = {{variable_source::property, "x"}, {variable_source::target, "y z"}};
  value.android = R"({"priority":"HIGH"})";
  value.collapse_key = "news";
  value.expires_at = 1'800'000'000'000;
  value.allow_duplicates = true;
  return value;
}

}  // namespace

TEST_CASE("a push batch is read as it was written") {
  auto read = decode_push_batch(encode(some_batch()));
  REQUIRE(read);
  CHECK(read->notification == notification_key{42});
  CHECK(read->expires_at == 1'800'000'000'123);
  CHECK(read->retries == 2);
  REQUIRE(read->targets.size() == 2);
  CHECK(read->targets[1].device == device_key{1'000'000'000'000});
  CHECK(read->targets[1].push_token.size() == 4096);
  CHECK(read->targets[1].attempts == 3);
}

TEST_CASE("a target carries its localization and values, and not a byte for what it has not") {
  auto batch = some_batch();
  auto bare = encode(batch).size();
  batch.targets[1].localization = 300;
  batch.targets[1].values = {"", "Grüße", std::string(4096, 'v')};
  auto bytes = encode(batch);
  CHECK(bytes.size() == bare + 2 + 1 + 1 + (1 + 7) + (2 + 4096));
  auto read = decode_push_batch(bytes);
  REQUIRE(read);
  CHECK(read->targets[0].localization == 0);
  CHECK(read->targets[0].values.empty());
  CHECK(read->targets[1].localization == 300);
  CHECK(read->targets[1].values == batch.targets[1].values);
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(decode_push_batch(std::string_view(bytes).substr(0, length)));
}

TEST_CASE("a result batch is read as it was written") {
  auto read = decode_result_batch(encode(some_results()));
  REQUIRE(read);
  REQUIRE(read->results.size() == 2);
  CHECK(read->results[0].outcome == outcome::unregistered);
  CHECK(read->results[0].token == sha256("token"));
  CHECK(read->results[0].unregistered_at == 1'799'999'999'999);
  CHECK(read->results[1].gateway_message_id == "0:123%abc");
}

TEST_CASE("a message that is traced carries its trace, and others not a byte for it") {
  auto traced = some_message();
  auto bare = encode(traced);
  traced.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto bytes = encode(traced);
  CHECK(bytes.size() == bare.size() + 1 + traced.trace_parent.size());
  CHECK(bytes.substr(0, bare.size()) == bare);
  CHECK(decode_message(bytes)->trace_parent == traced.trace_parent);
  CHECK(decode_message(bare)->trace_parent.empty());
  CHECK_FALSE(decode_message(bare + std::string(1, '\0')));
}

TEST_CASE("a message is read as it was written, an absent text told from an empty one") {
  auto read = decode_message(encode(some_message()));
  REQUIRE(read);
  CHECK(read->content.title == "Grüße");
  CHECK(read->content.body == "");
  CHECK_FALSE(read->content.sound);
  CHECK(read->content.badge == 3);
  CHECK(read->content.data.at("k") == "v");
  REQUIRE(read->localizations.size() == 2);
  CHECK(read->localizations[0].locale == "ko");
  CHECK(read->localizations[0].content.title == "안녕");
  CHECK_FALSE(read->localizations[0].content.body);
  CHECK(read->localizations[1].content.data.at("a") == "{{properties.x}}");
  CHECK(read->variables == some_message().variables);
  CHECK(read->android == R"({"priority":"HIGH"})");
  CHECK(read->collapse_key == "news");
  CHECK(read->allow_duplicates);
}

TEST_CASE("a progress record is read as it was written") {
  batch_progress progress;
  progress.done = {true, false, true, true, false, false, false, false, true, false};
  progress.retries = {{4, 2, 1'800'000'005'000, "UNAVAILABLE"}};
  auto read = decode_batch_progress(encode(progress));
  REQUIRE(read);
  CHECK(read->done == progress.done);
  REQUIRE(read->retries.size() == 1);
  CHECK(read->retries[0].target == 4);
  CHECK(read->retries[0].due_at == 1'800'000'005'000);
}

TEST_CASE("an entry of another kind or version is refused") {
  CHECK_FALSE(decode_result_batch(encode(some_batch())));
  auto newer = encode(some_batch());
  ++newer[1];
  auto read = decode_push_batch(newer);
  REQUIRE_FALSE(read);
  CHECK(read.failure().code == errc::corrupt_data);
  CHECK_FALSE(decode_push_batch(""));
}

TEST_CASE("every entry that is cut short or has bytes left over is refused") {
  for (const auto& whole : {encode(some_batch()), encode(some_results()), encode(some_message())}) {
    for (size_t length = 0; length < whole.size(); length += length < 64 ? 1 : 97) {
      CHECK_FALSE(decode_push_batch(whole.substr(0, length)));
      CHECK_FALSE(decode_result_batch(whole.substr(0, length)));
      CHECK_FALSE(decode_message(whole.substr(0, length)));
    }
    CHECK_FALSE(decode_push_batch(whole + "x"));
    CHECK_FALSE(decode_result_batch(whole + "x"));
    CHECK_FALSE(decode_message(whole + "x"));
  }
}

TEST_CASE("an entry with bytes changed at random is refused or read, and never harms") {
  std::minstd_rand random(5);
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = i % 2 ? encode(some_results()) : encode(some_batch());
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)decode_push_batch(bytes);
    (void)decode_result_batch(bytes);
    (void)decode_message(bytes);
    (void)decode_batch_progress(bytes);
  }
}

TEST_CASE("a count that the bytes cannot hold is refused before anything is reserved for it") {
  std::string lying{'P', 1, 1, 1, 0};
  lying += "\xff\xff\xff\xff\xff\xff\xff\x7f";
  CHECK_FALSE(decode_push_batch(lying));
}
