#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "conf/load.hpp"

using namespace pusher;

namespace {

using variables = std::map<std::string, std::string>;

struct fixture {
  fixture() {
    char name[] = "/tmp/pusher-variables-XXXXXX";
    path = mkdtemp(name);
  }
  ~fixture() { std::filesystem::remove_all(path); }

  std::string write(const std::string& name, const std::string& text) {
    auto file = path + "/" + name;
    std::ofstream(file) << text;
    chmod(file.c_str(), 0600);
    return file;
  }
  result<loaded_settings> load(variables environment, const std::string& roles = "",
                               const std::string& file = "") {
    settings_sources sources;
    sources.config_file = write("p.toml", file);
    sources.environment = std::move(environment);
    if (!roles.empty()) sources.flags = {{"node.roles", roles}};
    return load_settings(sources);
  }
  std::string refusal(variables environment, const std::string& roles = "") {
    auto loaded = load(std::move(environment), roles);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.failure().code == errc::invalid_configuration);
    return loaded.failure().detail;
  }
  std::string path;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "each process type of the original service finds its own variables") {
  for (std::string prefix : {"API_SERVER", "NOTIFICATION_WORKER", "RESULT_WORKER"}) {
    CAPTURE(prefix);
    std::string roles = prefix == "API_SERVER"            ? "api"
                        : prefix == "NOTIFICATION_WORKER" ? "fan-out"
                                                          : "result-writer";
    auto loaded = load({{prefix + "__MYSQL__HOST", "db"},
                        {prefix + "__MYSQL__PORT", "3307"},
                        {prefix + "__MYSQL__USER", "u"},
                        {prefix + "__MYSQL__PASSWORD", "p"},
                        {prefix + "__MYSQL__DATABASE", "d"},
                        {prefix + "__REDIS__HOST", "cache"},
                        {prefix + "__REDIS__PORT", "6380"},
                        {prefix + "__REDIS__PASSWORD", "r"}},
                       roles);
    REQUIRE_MESSAGE(loaded.ok(), loaded.failure().detail);
    const auto& values = loaded->values;
    CHECK(values.mysql.host == "db");
    CHECK(values.mysql.port == 3307);
    CHECK(values.mysql.user == "u");
    CHECK(values.mysql.password == "p");
    CHECK(values.mysql.database == "d");
    CHECK(values.redis.host == "cache");
    CHECK(values.redis.port == 6380);
    CHECK(values.redis.password == "r");
    CHECK(loaded->origins.at("mysql.host") == prefix + "__MYSQL__HOST");
  }
}

TEST_CASE_FIXTURE(fixture, "the push worker has Redis and a key of FCM's legacy API") {
  auto loaded = load({{"PUSH_WORKER__REDIS__HOST", "cache"},
                      {"PUSH_WORKER__REDIS__PASSWORD_FILE", write("redis", "r\n")},
                      {"PUSH_WORKER__FIREBASE__CLIENT", "legacy"},
                      {"PUSH_WORKER__FIREBASE__SERVER_KEY_FILE", write("key", "AAAA\n")}},
                     "push-sender");
  REQUIRE_MESSAGE(loaded.ok(), loaded.failure().detail);
  CHECK(loaded->values.redis.host == "cache");
  CHECK(loaded->values.redis.password == "r");
  CHECK(loaded->values.fcm_legacy.server_key == "AAAA");
  CHECK_FALSE(has(print_settings(*loaded), "AAAA"));
  CHECK(load({{"PUSH_WORKER__REDIS__HOST", "c"}, {"PUSH_WORKER__FIREBASE__SERVER_KEY", "B"}}, "push-sender")
            ->values.fcm_legacy.server_key == "B");
}

TEST_CASE_FIXTURE(fixture, "variables of roles that a node does not play are not for it") {
  variables both{{"API_SERVER__REDIS__HOST", "one"},
                 {"API_SERVER__MYSQL__HOST", "db"},
                 {"PUSH_WORKER__REDIS__HOST", "other"}};
  auto sender = load(both, "push-sender");
  REQUIRE_MESSAGE(sender.ok(), sender.failure().detail);
  CHECK(sender->values.redis.host == "other");
  CHECK(sender->values.mysql.host.empty());
  auto api = load(both, "api");
  REQUIRE(api.ok());
  CHECK(api->values.redis.host == "one");
  CHECK(has(refusal(both), "contradict"));
  // The roles may come from any source.
  both["PUSHER__NODE__ROLES"] = "push-sender";
  CHECK(load(both)->values.redis.host == "other");
  both.erase("PUSHER__NODE__ROLES");
  CHECK(load(both, "", "[node]\nroles = \"push-sender\"\n")->values.redis.host == "other");
}

TEST_CASE_FIXTURE(fixture, "a file is below them; our own variables and flags are above") {
  auto file = "[mysql]\nhost = \"file\"\nuser = \"file\"\n[redis]\nhost = \"file\"\n";
  auto loaded = load({{"API_SERVER__MYSQL__HOST", "original"},
                      {"API_SERVER__MYSQL__USER", "original"},
                      {"PUSHER__MYSQL__USER", "own"}},
                     "", file);
  REQUIRE_MESSAGE(loaded.ok(), loaded.failure().detail);
  CHECK(loaded->values.redis.host == "file");
  CHECK(loaded->values.mysql.host == "original");
  CHECK(loaded->values.mysql.user == "own");
}

TEST_CASE_FIXTURE(fixture, "a variable that the service never had is named, whoever plays the role") {
  CHECK(has(refusal({{"API_SERVER__MYSQL__HOTS", "x"}}), "Did you mean mysql.host?"));
  CHECK(has(refusal({{"API_SERVER__MYSQL__HOTS", "x"}}, "push-sender"), "API_SERVER__MYSQL__HOTS"));
  CHECK(has(refusal({{"API_SERVER__MYSQL__HOST_FILE", "x"}}), "API_SERVER__MYSQL__HOST_FILE"));
  CHECK(has(refusal({{"API_SERVER__MONGO__HOST", "x"}}), "MYSQL or REDIS"));
  CHECK(has(refusal({{"PUSH_WORKER__MYSQL__HOST", "x"}}), "PUSH_WORKER__MYSQL__HOST"));
  CHECK(has(refusal({{"API_SERVER__FIREBASE__SERVER_KEY", "x"}}), "API_SERVER__FIREBASE__SERVER_KEY"));
  CHECK(has(refusal({{"RESULT_WORKER__MYSQL", "x"}}), "RESULT_WORKER__MYSQL"));
  CHECK(has(refusal({{"API_SERVER__MYSQL__PORT", "many"}}), "API_SERVER__MYSQL__PORT"));
  CHECK(has(
      refusal({{"API_SERVER__MYSQL__PASSWORD", "x"}, {"API_SERVER__MYSQL__PASSWORD_FILE", write("p", "x")}}),
      "exclude each other"));
}
