// The program `pusher`: its command line. Exit codes: 0 done or drained, 1 fault, 2 usage, 78 configuration.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "actors/commands.hpp"
#include "actors/node.hpp"
#include "conf/load.hpp"

namespace {

using namespace pusher;

struct options {
  std::string config, roles, name, data_directory, log_level, log_format;
  std::vector<std::string> assignments;  ///< section.key=value
  std::string application, scopes, key_name, prefix, file;
  bool print = false, check = false;
};

void add_settings(CLI::App& to, options& o) {
  to.add_option("--config", o.config,
                "Configuration file (default: ./pusher.toml, then /etc/pusher/pusher.toml)");
  to.add_option("--data-directory", o.data_directory, "Where the node keeps its data (data.directory)");
  to.add_option("--set", o.assignments, "Any setting as SECTION.KEY=VALUE; may be repeated");
}

result<loaded_settings> load(const options& o) {
  settings_sources sources;
  if (!o.config.empty()) sources.config_file = o.config;
  auto set = [&sources](const char* key, const std::string& value) {
    if (!value.empty()) sources.flags.emplace_back(key, value);
  };
  set("node.roles", o.roles);
  set("node.name", o.name);
  set("data.directory", o.data_directory);
  set("log.level", o.log_level);
  set("log.format", o.log_format);
  for (const auto& each : o.assignments) {
    auto cut = each.find('=');
    if (cut == std::string::npos)
      return error{errc::invalid_field, "--set takes SECTION.KEY=VALUE, not '" + each + "'.", "", 0};
    sources.flags.emplace_back(each.substr(0, cut), each.substr(cut + 1));
  }
  return load_settings(sources);
}

int show_config(const options& o) {
  auto loaded = load(o);
  if (!loaded) return commands::fail(loaded.failure());
  if (o.print)
    std::fputs(print_settings(*loaded).c_str(), stdout);
  else
    std::puts("The configuration is valid.");
  return 0;
}

int with_settings(const options& o, const std::function<int(settings)>& work) {
  auto loaded = load(o);
  if (!loaded) return commands::fail(loaded.failure());
  return work(std::move(loaded->values));
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  int code = 0;
  CLI::App app{"Pusher, a self-hosted push-notification engine"};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);

  auto* node =
      app.add_subcommand("node", "Run a node until SIGTERM; without configuration a complete installation");
  add_settings(*node, o);
  node->add_option("--roles", o.roles,
                   "api,fan-out,push-sender[:GATEWAY+...][=N],result-writer[=N] (default: all)");
  node->add_option("--name", o.name, "The node's name (default: the host's)");
  node->add_option("--log-level", o.log_level, "trace, debug, info, warn, error");
  node->add_option("--log-format", o.log_format, "json, text");
  node->callback([&] { code = with_settings(o, [](settings s) { return run_node(std::move(s)); }); });

  auto* migrate = app.add_subcommand("migrate", "Bring the database schema to this version");
  add_settings(*migrate, o);
  migrate->callback(
      [&] { code = with_settings(o, [](settings s) { return commands::migrate(std::move(s)); }); });

  auto* keys = app.add_subcommand("keys", "API keys");
  keys->require_subcommand(1);
  auto* create = keys->add_subcommand("create", "Make a key and print it; it is shown only once");
  add_settings(*create, o);
  create->add_option("--scopes", o.scopes, "Comma-separated: devices, send, read, admin")->required();
  create->add_option("--app", o.application, "The application (default: default)");
  create->add_option("--name", o.key_name, "What the key is for");
  create->callback([&] {
    if (o.application.empty()) o.application = "default";
    code = with_settings(o, [&](settings s) {
      return commands::create_key(std::move(s), o.application, o.scopes, o.key_name);
    });
  });
  auto* list = keys->add_subcommand("list", "List the keys by prefix");
  add_settings(*list, o);
  list->add_option("--app", o.application, "Only this application's");
  list->callback([&] {
    code = with_settings(o, [&](settings s) { return commands::list_keys(std::move(s), o.application); });
  });
  auto* revoke = keys->add_subcommand("revoke", "End a key at once");
  add_settings(*revoke, o);
  revoke->add_option("prefix", o.prefix, "The key's prefix, as `keys list` shows it")->required();
  revoke->callback([&] {
    code = with_settings(o, [&](settings s) { return commands::revoke_key(std::move(s), o.prefix); });
  });

  auto* vapid = app.add_subcommand("vapid", "The key by which Web Push services know the application server");
  vapid->require_subcommand(1);
  auto* generate =
      vapid->add_subcommand("generate", "Make a key pair; browsers subscribe with the public key");
  generate->add_option("--out", o.file, "Write the private key to this new file, and print the public key");
  generate->callback([&] { code = commands::generate_vapid_key(o.file); });
  auto* show = vapid->add_subcommand("public", "Print the public key of a private key");
  show->add_option("--key", o.file, "The private key's file")->required();
  show->callback([&] { code = commands::show_vapid_key(o.file); });

  auto* config = app.add_subcommand("config", "Check or print the effective configuration");
  add_settings(*config, o);
  auto* check = config->add_flag("--check", o.check, "Only say whether it is valid");
  auto* print = config->add_flag("--print", o.print, "Print it with secrets masked and each value's origin");
  check->excludes(print);
  config->callback([&] { code = show_config(o); });

  app.add_subcommand("version", "Print the version")->callback([] { std::puts("pusher " PUSHER_VERSION); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  return code;
}
