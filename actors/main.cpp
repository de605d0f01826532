// The program `pusher`: its command line. Exit codes: 0 done or drained, 1 fault, 2 usage, 78 configuration.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "actors/backup_commands.hpp"
#include "actors/cli/documents.hpp"
#include "actors/cli/inspect_options.hpp"
#include "actors/cli/send_options.hpp"
#include "actors/cli/settings_options.hpp"
#include "actors/cli/tree_of_app.hpp"
#include "actors/cluster_commands.hpp"
#include "actors/commands.hpp"
#include "actors/health_command.hpp"
#include "actors/inspect/top_command.hpp"
#include "actors/node.hpp"

namespace {

using namespace pusher;

struct options {
  cli::settings_options from;
  std::string application, scopes, key_name, prefix, file;
  bool print = false, check = false;
};

int show_config(const options& o) {
  auto loaded = o.from.load();
  if (!loaded) return commands::fail(loaded.failure());
  if (o.print)
    std::fputs(print_settings(*loaded).c_str(), stdout);
  else
    std::puts("The configuration is valid.");
  return 0;
}

constexpr const char* backup_notes =
    R"(For nodes with embedded stores; docs/operations.md, "Backup and restore", tells what is in it, what to do after a
restore, and how it is done with servers of your own. Exit codes: 0 done; 1 fault, or a damaged backup; 2 usage;
78 configuration, also a place that is taken and a backup by a newer version. What fails leaves nothing behind.)";

void add_backup(CLI::App& to, options& o, int& code) {
  auto* backup = to.add_subcommand("backup", "Save what a node has, while it runs or not");
  o.from.add_to(*backup);
  backup->add_option("--out", o.file, "A new directory for it, best on another disk")
      ->type_name("DIR")
      ->required();
  backup->footer(backup_notes);
  backup->callback(
      [&] { code = o.from.run_with([&](const settings& s) { return commands::backup(s, o.file); }); });
  auto* restore = to.add_subcommand("restore", "Make a node's data directory, new or empty, from a backup");
  o.from.add_to(*restore);
  restore->add_option("--from", o.file, "What `pusher backup --out` made")->type_name("DIR")->required();
  restore->footer(backup_notes);
  restore->callback(
      [&] { code = o.from.run_with([&](const settings& s) { return commands::restore(s, o.file); }); });
}

struct cluster_options {
  std::string name, directory = "pusher-ca", out = ".";
  std::vector<std::string> hosts;
};

void add_cluster(CLI::App& to, cluster_options& o, int& code) {
  auto* cluster =
      to.add_subcommand("cluster", "The certificates by which nodes on several machines trust each other");
  cluster->require_subcommand(1);
  auto* init = cluster->add_subcommand("init-ca", "Make the private certificate authority of a cluster");
  init->add_option("--directory", o.directory, "A new directory for it (default: ./pusher-ca)")
      ->type_name("DIR");
  init->callback([&] { code = commands::init_ca(o.directory); });
  auto* issue = cluster->add_subcommand("issue", "Make a node's certificate, or replace it by a fresh one");
  issue->add_option("name", o.name, "The node's name")->required();
  issue->add_option("--directory", o.directory, "The authority's directory (default: ./pusher-ca)")
      ->type_name("DIR");
  issue->add_option("--out", o.out, "Where the directory NAME is made (default: here)")->type_name("DIR");
  issue
      ->add_option("--host", o.hosts,
                   "A DNS name or address of the node (default: localhost); may be repeated")
      ->allow_extra_args(false);  // the name may follow it
  issue->callback([&] { code = commands::issue_certificate(o.name, o.directory, o.out, o.hosts); });
}

void add_health(CLI::App& to, options& o, commands::health_wish& wish, int& code) {
  auto* health =
      to.add_subcommand("health", "Whether the node of this configuration is ready, for health checks");
  o.from.add_to(*health);
  health->add_flag("--alive", wish.alive_only, "Only whether it runs (/livez in place of /readyz)");
  health->add_flag("--quiet", wish.quiet, "Say it by the exit code alone");
  health->add_option("--timeout", wish.timeout_seconds, "Longest wait in seconds (default: 3)")
      ->check(CLI::Range(1, 300));
  health->footer("Exit codes: 0 well; 1 not, it says what is wrong; 2 usage; 3 no answer; 78 configuration.");
  health->callback([&] {
    // The node's roles may stand in its own command line. Those of senders need the fewest stores to be
    // named.
    if (!o.from.load()) o.from.roles = "push-sender";
    code = o.from.run_with([&](const settings& s) { return commands::health(wish, s); });
  });
}

/// What the command line says of itself.
void add_documents(CLI::App& app, std::string& which, int& code) {
  auto* completion =
      app.add_subcommand("completion", "Print the completions of a shell; the Debian package installs them");
  completion->add_option("shell", which, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&] { code = cli::print_completion(cli::tree_of(app, "pusher"), which); });
  auto* manual =
      app.add_subcommand("manual", "Print a manual page, for man -l -; the Debian package installs them");
  manual->add_option("page", which, "pusher or pusher.toml")
      ->required()
      ->check(CLI::IsMember({"pusher", "pusher.toml"}));
  manual->callback([&] { code = cli::print_manual(cli::tree_of(app, "pusher"), which); });
}

/// What is wrong with the command line, and where to read how it is done.
std::string usage_fault(const CLI::App* root, const CLI::Error& wrong) {
  auto command = root;
  std::string path = "pusher", commands;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  std::string what = wrong.what();
  if (wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
    for (const auto* each : command->get_subcommands([](const CLI::App*) { return true; }))
      commands += (commands.empty() ? "" : ", ") + each->get_name();
    auto unknown = command->remaining();
    if (!commands.empty() && !unknown.empty()) what = "there is no command '" + unknown.front() + "'";
    if (!commands.empty()) what += "; it is one of: " + commands;
  }
  return "pusher: " + what + "\nSee " + path + " --help\n";
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  int code = 0;
  CLI::App app{"Pusher, a self-hosted push-notification engine"};
  app.require_subcommand(1);
  app.failure_message(usage_fault);

  auto* node =
      app.add_subcommand("node", "Run a node until SIGTERM; without configuration a complete installation");
  o.from.add_to(*node);
  node->add_option("--roles", o.from.roles,
                   "api,fan-out,push-sender[:GATEWAY+...][=N],result-writer[=N] (default: all)");
  node->add_option("--name", o.from.name, "The node's name (default: the host's)");
  node->add_option("--log-level", o.from.log_level, "trace, debug, info, warn, error");
  node->add_option("--log-format", o.from.log_format, "json, text, auto");
  node->callback([&] { code = o.from.run_with([](settings s) { return run_node(std::move(s)); }); });

  auto* migrate = app.add_subcommand("migrate", "Bring the database schema to this version");
  o.from.add_to(*migrate);
  migrate->callback(
      [&] { code = o.from.run_with([](settings s) { return commands::migrate(std::move(s)); }); });

  auto* keys = app.add_subcommand("keys", "API keys");
  keys->require_subcommand(1);
  auto* create = keys->add_subcommand("create", "Make a key and print it; it is shown only once");
  o.from.add_to(*create);
  create->add_option("--scopes", o.scopes, "Comma-separated: devices, send, read, admin")->required();
  create->add_option("--app", o.application, "The application (default: default)");
  create->add_option("--name", o.key_name, "What the key is for");
  create->callback([&] {
    if (o.application.empty()) o.application = "default";
    code = o.from.run_with(
        [&](settings s) { return commands::create_key(std::move(s), o.application, o.scopes, o.key_name); });
  });
  auto* list = keys->add_subcommand("list", "List the keys by prefix");
  o.from.add_to(*list);
  list->add_option("--app", o.application, "Only this application's");
  list->callback([&] {
    code = o.from.run_with([&](settings s) { return commands::list_keys(std::move(s), o.application); });
  });
  auto* revoke = keys->add_subcommand("revoke", "End a key at once");
  o.from.add_to(*revoke);
  revoke->add_option("prefix", o.prefix, "The key's prefix, as `keys list` shows it")->required();
  revoke->callback([&] {
    code = o.from.run_with([&](settings s) { return commands::revoke_key(std::move(s), o.prefix); });
  });

  add_backup(app, o, code);

  commands::send_wish wish;
  cli::add_send(app, o.from, wish, code);

  auto* vapid = app.add_subcommand("vapid", "The key by which Web Push services know the application server");
  vapid->require_subcommand(1);
  auto* generate =
      vapid->add_subcommand("generate", "Make a key pair; browsers subscribe with the public key");
  generate->add_option("--out", o.file, "Write the private key to this new file, and print the public key")
      ->type_name("FILE");
  generate->callback([&] { code = commands::generate_vapid_key(o.file); });
  auto* show = vapid->add_subcommand("public", "Print the public key of a private key");
  show->add_option("--key", o.file, "The private key's file")->type_name("FILE")->required();
  show->callback([&] { code = commands::show_vapid_key(o.file); });

  cluster_options certificates;
  add_cluster(app, certificates, code);

  cli::inspect_commands inspect(app, o.from, code);
  std::string top_node;
  auto* top =
      app.add_subcommand("top", "A running cluster at work, a screenful each second; ? tells the keys");
  o.from.add_to(*top);
  top->add_option("--node", top_node, "HOST:PORT of any node (default: as for inspect)");
  top->callback(
      [&] { code = o.from.run_with([&](const settings& s) { return commands::top(top_node, s); }); });

  auto* config = app.add_subcommand("config", "Check or print the effective configuration");
  o.from.add_to(*config);
  auto* check = config->add_flag("--check", o.check, "Only say whether it is valid");
  auto* print = config->add_flag("--print", o.print, "Print it with secrets masked and each value's origin");
  check->excludes(print);
  config->callback([&] { code = show_config(o); });

  commands::health_wish health;
  add_health(app, o, health, code);
  std::string document;
  add_documents(app, document, code);

  app.add_subcommand("version", "Print the version")->callback([] { std::puts("pusher " PUSHER_VERSION); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  return code;
}
