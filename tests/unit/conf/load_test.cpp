#include "conf/load.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace pusher;

namespace {

struct directory {
  directory() {
    char name[] = "/tmp/pusher-conf-XXXXXX";
    path = mkdtemp(name);
  }
  ~directory() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    auto file = path + "/" + name;
    std::ofstream(file) << text;
    chmod(file.c_str(), mode);
    return file;
  }
  std::string path;
};

settings_sources from(const std::string& file, std::map<std::string, std::string> environment = {}) {
  settings_sources sources;
  sources.config_file = file;
  sources.environment = std::move(environment);
  return sources;
}

std::string refusal(const settings_sources& sources) {
  auto loaded = load_settings(sources);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.failure().code == errc::invalid_configuration);
  return loaded.failure().detail;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("file, environment and flags are laid over the defaults in this order") {
  directory d;
  auto file = d.write("p.toml",
                      "[api]\nlisten = \"0.0.0.0:9000\"\n[limits]\nattempts = 7\nlease_ms = "
                      "6000\n[fcm]\nmessages_per_minute = 0\n");
  auto sources =
      from(file, {{"PUSHER__LIMITS__ATTEMPTS", "8"}, {"PUSHER__LIMITS__LEASE_MS", "7000"}, {"PATH", "/bin"}});
  sources.flags = {{"limits.lease_ms", "8000"}};
  auto loaded = load_settings(sources);
  REQUIRE(loaded);
  CHECK(loaded->values.api.host == "0.0.0.0");
  CHECK(loaded->values.api.port == 9000);
  CHECK(loaded->values.fcm.messages_per_minute == 0);
  CHECK(loaded->values.limits.attempts == 8);
  CHECK(loaded->values.limits.lease_ms == 8000);
  CHECK(loaded->values.limits.devices_per_batch == 500);
  CHECK(loaded->origins.at("limits.attempts") == "PUSHER__LIMITS__ATTEMPTS");
  CHECK(loaded->origins.at("limits.lease_ms") == "flag");
  CHECK(has(loaded->origins.at("api.listen"), "p.toml:2"));
  auto printed = print_settings(*loaded);
  CHECK(has(printed, "attempts = 8  # PUSHER__LIMITS__ATTEMPTS"));
  CHECK(has(printed, "devices_per_batch = 500  # default"));
}

TEST_CASE("without any source the defaults are a complete installation") {
  directory d;
  auto loaded = load_settings(from(d.write("empty.toml", "")));
  REQUIRE(loaded);
  CHECK(loaded->values.embedded_redis());
  CHECK(loaded->values.embedded_mysql());
  CHECK(loaded->values.roles.size() == 4);
  CHECK_FALSE(loaded->values.node_name.empty());
}

TEST_CASE("every mistake names its key, its place and the remedy") {
  directory d;
  auto of = [&](const std::string& text) { return refusal(from(d.write("x.toml", text))); };
  auto misspelt = of("[api]\nlissten = \"127.0.0.1:80\"\n");
  CHECK(has(misspelt, "api.lissten"));
  CHECK(has(misspelt, "x.toml:2"));
  CHECK(has(misspelt, "Did you mean api.listen?"));
  CHECK(has(of("[compat]\ngorush_open_to = [\"10.0.0.0/8\", \"home\"]\n"), "compat.gorush_open_to"));
  CHECK(has(of("[limits]\nattempts = \"5\"\n"), "limits.attempts"));
  CHECK(has(of("[limits]\nattempts = 0\n"), "from 1 to 100"));
  CHECK(has(of("[limits]\nattempts = -1\n"), "from 1 to 100"));
  CHECK(has(of("[api]\nlisten = 8080\n"), "takes a text"));
  CHECK(has(of("[api]\nlisten = \"8080\"\n"), "HOST:PORT"));
  CHECK(has(of("[api]\nlisten = \"127.0.0.1:70000\"\n"), "65535"));
  for (const char* origin : {"ops.example.com", "https://ops.example.com/", "https://",
                             "https://a.example.com, https://b.example.com"})
    CHECK(has(of("[api]\ncors_allowed_origins = \"" + std::string(origin) + "\"\n"), "as browsers do"));
  CHECK(has(of("[log]\nlevel = \"loud\"\n"), "trace, debug"));
  CHECK(has(of("[embedded]\nmaxmemory = \"lots\"\n"), "256M"));
  CHECK(has(of("[node]\nroles = \"api,fanout\"\n"), "fanout"));
  CHECK(has(of("attempts = 1\n"), "outside of a section"));
  CHECK(has(of("[api\nlisten=\"127.0.0.1:80\"\n"), "x.toml:1 is not valid TOML"));
  CHECK(has(of("[api]\nlisten =\n"), "x.toml:2 is not valid TOML"));
  CHECK(has(of("[limit]\n"), "Did you mean limits?"));
  CHECK(has(of("[mysql]\npasword_file = \"x\"\n"), "Did you mean mysql.password_file?"));
  CHECK(has(of("[limits]\nattempts = [\"5\"]\n"), "takes a whole number"));
  CHECK(has(of("[log]\nlevel = [\"info\"]\n"), "takes a text"));
  CHECK(has(of("[fcm]\nbase_url = \"https://x\\u0000y\"\n"), "fcm.base_url"));
  CHECK(has(of("[api]\nlisten = [1]\n"), "api.listen"));
  CHECK(has(of("[cluster]\nname = \"a b\"\n"), "cluster.name"));
  CHECK(has(of("[cluster]\nkey = \"k\"\n"), "cluster.certificate, cluster.ca"));
  CHECK(has(of("[cluster]\nlisten = \"10.0.0.1:4270\"\n"), "pusher cluster init-ca"));
  CHECK(has(of("[cluster]\nlisten = \"0.0.0.0:1\"\ncertificate = \"c\"\nkey = \"k\"\nca = \"a\"\n"),
            "cluster.advertise"));
  CHECK(has(of("[cluster]\nadvertise = \"here\"\n"), "HOST:PORT"));
  CHECK(has(of("[cluster]\nheartbeat_ms = 500\ntimeout_ms = 600\n"), "two times"));
  CHECK(has(of("[node]\nroles = \"push-sender\"\n"), "redis.host"));
  CHECK(has(of("[redis]\nhost = \"r\"\n"), "mysql.host"));
  CHECK(has(of("[node]\nroles = \"push-sender\"\n[mysql]\nhost = \"m\"\n"), "redis.host"));
  CHECK(has(of("[redis]\nhost = \"r\"\nunix_socket = \"s\"\n[mysql]\nhost = \"m\"\n"), "exclude each other"));
  CHECK(has(of("[limits]\nrequest_body_bytes = 64000000\n"), "request_bytes_in_memory"));
  CHECK(has(of("[fcm]\nbase_url = \"http://x\"\n"), "https://"));
  CHECK(has(of("[fcm]\nservice_account_file = \"absent.json\"\n"), "fcm.service_account_file"));
  CHECK(has(refusal(from(d.path + "/absent.toml")), "absent.toml"));
  CHECK(has(refusal(from(d.write("e.toml", ""), {{"PUSHER__API__LISTN", "x"}})), "PUSHER__API__LISTN"));
  CHECK(has(refusal(from(d.write("e.toml", ""), {{"PUSHER__NONSENSE", "x"}})), "PUSHER__NONSENSE"));
}

TEST_CASE("of several mistakes the first one in the file is named") {
  directory d;
  auto text = "[log]\nlevel = \"loud\"\n[api]\nlisten = \"x\"\n[limits]\nattempts = 0\n";
  CHECK(has(refusal(from(d.write("x.toml", text))), "log.level"));
}

TEST_CASE("roles may be written as a list, and what is printed can be read back") {
  directory d;
  auto loaded =
      load_settings(from(d.write("l.toml", "[node]\nroles = [\"api\", \"push-sender:fcm=2\"]\n[api]\n")));
  REQUIRE(loaded);
  CHECK(to_text(loaded->values.roles) == "api,push-sender:fcm=2");
  auto again = load_settings(from(d.write("again.toml", print_settings(*loaded))));
  REQUIRE(again);
  CHECK(to_text(again->values.roles) == to_text(loaded->values.roles));
}

TEST_CASE("the example file is valid as it is, and with every option taken out of its comment") {
  directory d;
  CHECK(load_settings(from(d.write("example.toml", example_settings()))).ok());
  auto text = example_settings();
  for (size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at)
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  REQUIRE(has(text, "\nlisten = "));
  auto loaded = load_settings(from(d.write("in_force.toml", text)));
  REQUIRE_MESSAGE(loaded.ok(), loaded.failure().detail);
  CHECK_FALSE(loaded->values.node_name.empty());
  CHECK(loaded->values.roles.size() == 4);
}

TEST_CASE("only a push-sender may do without MariaDB") {
  directory d;
  CHECK(load_settings(from(d.write("s.toml", "[node]\nroles=\"push-sender\"\n[redis]\nhost=\"r\"\n"))).ok());
}

TEST_CASE("secrets come from files that strangers cannot read, and are never printed") {
  directory d;
  auto secret = d.write("secret", "hunter2\n");
  auto both = "[redis]\nhost=\"r\"\n[mysql]\nhost=\"m\"\n";
  auto loaded = load_settings(from(d.write("p.toml", both + std::string("password_file=\"secret\"\n"))));
  REQUIRE(loaded);
  CHECK(loaded->values.mysql.password == "hunter2");
  CHECK_FALSE(has(print_settings(*loaded), "hunter2"));
  chmod(secret.c_str(), 0644);
  CHECK(has(refusal(from(d.path + "/p.toml")), "chmod"));
  CHECK(has(refusal(from(d.write("q.toml", both), {{"PUSHER__MYSQL__PASSWORD_FILE", "/nowhere/x"}})),
            "mysql.password_file"));
}

TEST_CASE("a service account is checked before anything starts") {
  directory d;
  auto config = d.write("p.toml", "[fcm]\nservice_account_file=\"sa.json\"\n");
  d.write("sa.json", R"({"client_email":"a","private_key":"b","token_uri":"c"})");
  CHECK(has(refusal(from(config)), "project_id"));
  d.write("sa.json", "nonsense");
  CHECK(has(refusal(from(config)), "service account"));
  d.write("sa.json", R"({"client_email":"a","private_key":"b","token_uri":"c","project_id":"d"})");
  auto loaded = load_settings(from(config));
  REQUIRE(loaded);
  CHECK(loaded->values.fcm.service_account_file == d.path + "/sa.json");
}

TEST_CASE("role lists are read and written") {
  auto roles = parse_roles("api=2,fan-out,push-sender:fcm+apns=3,result-writer");
  REQUIRE(roles);
  CHECK(to_text(*roles) == "api=2,fan-out,push-sender:fcm+apns=3,result-writer");
  for (const char* bad :
       {"", "api,", "api=0", "api=x", "worker", "api:fcm", "push-sender:gcm", "fan-out=2", "api=1=2"})
    CHECK_FALSE(parse_roles(bad).ok());
}

TEST_CASE("conf/pusher.toml is what the table of options gives") {
  std::ifstream file(std::string(getenv("PUSHER_SOURCE_DIR")) + "/conf/pusher.toml");
  std::stringstream text;
  text << file.rdbuf();
  CHECK_MESSAGE(text.str() == example_settings(), "conf/pusher.toml should be:\n" << example_settings());
}
