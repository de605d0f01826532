// The program `pusher`: its command line. Exit codes: 0 done or drained, 1 fault, 2 usage, 78 configuration.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <string>

#include "actors/backup_commands.hpp"
#include "actors/cli/documents.hpp"
#include "actors/cli/tree_of_app.hpp"
#include "actors/cluster_commands.hpp"
#include "actors/commands.hpp"
#include "actors/health_command.hpp"
#include "actors/inspect/inspect_command.hpp"
#include "actors/inspect/top_command.hpp"
#include "actors/node.hpp"
#include "actors/send_command.hpp"
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
                "Configuration file (default: ./pusher.toml, then /etc/pusher/pusher.toml)")
      ->type_name("FILE");
  to.add_option("--data-directory", o.data_directory, "Where the node keeps its data (data.directory)")
      ->type_name("DIR");
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

constexpr const char* send_examples =
    R"(Examples:
  pusher send --token TOKEN --gateway fcm --title Hello --body World --wait
  pusher send --device phone-1 --title "On its way" --data order=1812 --wait --json
  pusher send --user u-7 --title Hello --url https://push.example.com --key-file push.key
  pusher send --condition '{"property":"plan","eq":"pro"}' --title "Spring sale" --dry-run

The API key comes from the variable PUSHER_API_KEY or from --key-file, never from the command line. Without one, on a
node's machine, a key of --app is made in the node's store (as --config tells) for this one call.
Exit codes: 0 launched, with --wait accepted by all; 1 refused, or not accepted by some; 2 usage; 3 no answer.)";

void add_send(CLI::App& to, options& o, commands::send_wish& wish, int& code) {
  auto* send =
      to.add_subcommand("send", "One push through a running node: to a token, device, user or condition");
  send->footer(send_examples);
  add_settings(*send, o);
  send->add_option("--token", wish.token, "A push token; one that no device holds is registered")
      ->group("Whom");
  send->add_option("--gateway", wish.gateway, "Of the token: fcm, apns, hms (default: fcm)")
      ->check(CLI::IsMember({"fcm", "apns", "webpush", "hms"}))
      ->group("Whom");
  send->add_option("--environment", wish.environment,
                   "Of an APNs token: production, sandbox (default: production)")
      ->check(CLI::IsMember({"production", "sandbox"}))
      ->group("Whom");
  send->add_option("--device", wish.devices, "A device_id; may be repeated")->group("Whom");
  send->add_option("--user", wish.users, "A user_id; may be repeated")->group("Whom");
  send->add_option("--condition", wish.condition, "A condition over devices, JSON")->group("Whom");
  send->add_option("--segment", wish.segment, "A segment's name")->group("Whom");
  send->add_option("--title", wish.title, "The title")->group("What");
  send->add_option("--body", wish.body, "The text")->group("What");
  send->add_option("--data", wish.data, "NAME=VALUE for the app; may be repeated")->group("What");
  send->add_option("--image", wish.image, "An image's URL")->group("What");
  send->add_option("--icon", wish.icon, "An icon's URL")->group("What");
  send->add_option("--link", wish.link, "Where a tap leads")->group("What");
  send->add_option("--sound", wish.sound, "A sound's name")->group("What");
  send->add_option("--badge", wish.badge, "The number on the app's icon")->group("What");
  send->add_option("--collapse-key", wish.collapse_key, "A later push with the same key replaces this one")
      ->group("How");
  send->add_option("--ttl", wish.ttl_seconds, "Seconds after which it is not sent any more")->group("How");
  send->add_option("--lane", wish.lane, "transactional (default for tokens, devices and users), campaign")
      ->check(CLI::IsMember({"transactional", "campaign"}))
      ->group("How");
  send->add_option("--priority", wish.priority, "high, normal: how urgently gateways deliver it")
      ->check(CLI::IsMember({"high", "normal"}))
      ->group("How");
  send->add_flag("--wait", wish.wait, "Follow it until every device has its outcome")->group("How");
  send->add_option("--timeout", wish.timeout_seconds, "Longest wait in seconds (default: 60)")->group("How");
  send->add_flag("--dry-run", wish.dry_run, "Send nothing: count, and show what each gateway would get")
      ->group("How");
  send->add_flag("--json", wish.as_json, "JSON in place of text")->group("How");
  send->add_option("--url", wish.url, "The node's API (default: where the configured node listens)")
      ->group("Where");
  send->add_option("--key-file", wish.key_file, "A file with the API key, readable by you alone")
      ->type_name("FILE")
      ->group("Where");
  send->add_option("--ca-file", wish.ca_file, "Certificate authorities for https")
      ->type_name("FILE")
      ->group("Where");
  send->add_option("--app", wish.application, "The application, when there is no key (default: default)")
      ->group("Where");
  send->callback([&] {
    if (!wish.url.empty()) return void(code = commands::send(wish, std::nullopt));
    code = with_settings(o, [&](settings s) { return commands::send(wish, std::move(s)); });
  });
}

constexpr const char* backup_notes =
    R"(For nodes with embedded stores; docs/operations.md, "Backup and restore", tells what is in it, what to do after a
restore, and how it is done with servers of your own. Exit codes: 0 done; 1 fault, or a damaged backup; 2 usage;
78 configuration, also a place that is taken and a backup by a newer version. What fails leaves nothing behind.)";

void add_backup(CLI::App& to, options& o, int& code) {
  auto* backup = to.add_subcommand("backup", "Save what a node has, while it runs or not");
  add_settings(*backup, o);
  backup->add_option("--out", o.file, "A new directory for it, best on another disk")
      ->type_name("DIR")
      ->required();
  backup->footer(backup_notes);
  backup->callback(
      [&] { code = with_settings(o, [&](const settings& s) { return commands::backup(s, o.file); }); });
  auto* restore = to.add_subcommand("restore", "Make a node's data directory, new or empty, from a backup");
  add_settings(*restore, o);
  restore->add_option("--from", o.file, "What `pusher backup --out` made")->type_name("DIR")->required();
  restore->footer(backup_notes);
  restore->callback(
      [&] { code = with_settings(o, [&](const settings& s) { return commands::restore(s, o.file); }); });
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

constexpr const char* inspect_notes =
    R"(Without --node it asks the node of the data directory, else the one that the configuration names; any node answers for
the whole cluster. A NODE is a name as `status` shows it. Exit codes: 0 well, or done; 1 what it shows has a problem, or
the order was refused; 2 usage; 3 no node answers; 78 configuration.)";

/// The commands that operators give to a running cluster.
class inspect_commands {
 public:
  inspect_commands(CLI::App& to, options& o, int& code) : o_(o), code_(code) {
    inspect_ = to.add_subcommand("inspect", "What a running cluster does; steer it");
    inspect_->require_subcommand(1);
    inspect_->footer(inspect_notes);
    add_settings(*inspect_, o);
    inspect_->add_option("--node", wish_.node, "HOST:PORT of any node, as its cluster.listen says");
    inspect_->add_flag("--json", wish_.as_json, "JSON in place of text, one document a line");
    watch_ = inspect_->add_option("--watch", wish_.watch_seconds,
                                  "Look again and again, every so many seconds (2)");
    watch_->expected(0, 1)->check(CLI::Range(0.1, 3600.0));
    add("status", "Nodes, leader, stores' health, what is wrong");
    add("actors", "Every actor: its mailbox, jobs, restarts, last error");
    add("streams", "The journal: depths, claims and their owners, ages");
    add("gateways", "Each credential over all senders: in flight, rates, troubles, expiry");
    argument(add("notification", "Where one stands in each stage"), "id", {}, "Its id, or its external_id");
    auto* letters =
        add("dead-letters", "Jobs that were given up: list, show ID, requeue ID|all, drop ID|all");
    decision(letters, {"list", "show", "requeue", "drop"}, "id");
    decision(add("guard", "Mass deletions that are held: list, confirm ID, undo ID"),
             {"list", "confirm", "undo"}, "id");
    argument(add("pause", "Hold a stage of the whole cluster: it takes no new work"), "stage", stages());
    argument(add("resume", "Let a stage that is held go on"), "stage", stages());
    argument(add("drain", "Let a node finish what it has, and end"), "node", {},
             "Its name, as status shows it");
    auto* scale = add("scale", "Change how many actors of a role a node has");
    argument(scale, "node", {}, "Its name, as status shows it");
    argument(scale, "role", {}, "ROLE=N, such as push-sender:fcm=4");
    auto* level = add("log-level", "Change what a node logs; without its name, all nodes");
    level->add_option("level", level_)
        ->required()
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
    level->add_option("node", node_);
  }

 private:
  static std::vector<std::string> stages() { return {"fan-out", "push-sender", "result-writer"}; }

  CLI::App* add(const std::string& name, const char* about) {
    auto* made = inspect_->add_subcommand(name, about);
    made->fallthrough();
    made->callback([this, name] { run(name); });
    return made;
  }

  /// Whether it does more than look.
  static bool orders(const std::string& name, const std::vector<std::string>& arguments) {
    if (name == "dead-letters" || name == "guard")
      return !arguments.empty() && arguments[0] != "list" && arguments[0] != "show";
    return name == "pause" || name == "resume" || name == "drain" || name == "scale" || name == "log-level";
  }

  /// Positional and required; one of `choices`, if there are any.
  void argument(CLI::App* of, const char* name, const std::vector<std::string>& choices,
                const char* about = "") {
    auto& into = arguments_.emplace_back();
    auto* made = of->add_option(name, into, about)->required();
    if (!choices.empty()) made->check(CLI::IsMember(choices));
  }

  /// What to do, `list` unless it is said, and with all others to which.
  void decision(CLI::App* of, const std::vector<std::string>& verbs, const char* what) {
    auto& verb = arguments_.emplace_back();
    auto& which = arguments_.emplace_back();
    of->add_option("verb", verb, "Default: list")->check(CLI::IsMember(verbs));
    of->add_option(what, which, "Which; `all` for dead letters");
    of->callback([this, of, &verb, &which] {
      if ((verb.empty() || verb == "list") != which.empty())
        throw CLI::ValidationError(of->get_name(),
                                   which.empty() ? verb + " needs an id" : "list takes no id");
      run(of->get_name());
    });
  }

  void run(const std::string& name) {
    wish_.command = name;
    for (const auto& each : arguments_)
      if (!each.empty()) wish_.arguments.push_back(each);
    if (name == "log-level") wish_.arguments = {node_.empty() ? "*" : node_, level_};
    if (watch_->count() > 0 && wish_.watch_seconds <= 0) wish_.watch_seconds = 2;
    if (wish_.watch_seconds > 0 && orders(name, wish_.arguments))
      throw CLI::ValidationError("--watch", "an order is given once");
    code_ = with_settings(o_, [this](const settings& s) { return commands::inspect(wish_, s); });
  }

  options& o_;
  int& code_;
  CLI::App* inspect_ = nullptr;
  CLI::Option* watch_ = nullptr;
  commands::inspect_wish wish_;
  std::deque<std::string> arguments_;  ///< of all commands; only those of the one that was given have a text
  std::string level_, node_;
};

void add_health(CLI::App& to, options& o, commands::health_wish& wish, int& code) {
  auto* health =
      to.add_subcommand("health", "Whether the node of this configuration is ready, for health checks");
  add_settings(*health, o);
  health->add_flag("--alive", wish.alive_only, "Only whether it runs (/livez in place of /readyz)");
  health->add_flag("--quiet", wish.quiet, "Say it by the exit code alone");
  health->add_option("--timeout", wish.timeout_seconds, "Longest wait in seconds (default: 3)")
      ->check(CLI::Range(1, 300));
  health->footer("Exit codes: 0 well; 1 not, it says what is wrong; 2 usage; 3 no answer; 78 configuration.");
  health->callback([&] {
    // The node's roles may stand in its own command line. Those of senders need the fewest stores to be
    // named.
    if (!load(o)) o.roles = "push-sender";
    code = with_settings(o, [&](const settings& s) { return commands::health(wish, s); });
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
  add_settings(*node, o);
  node->add_option("--roles", o.roles,
                   "api,fan-out,push-sender[:GATEWAY+...][=N],result-writer[=N] (default: all)");
  node->add_option("--name", o.name, "The node's name (default: the host's)");
  node->add_option("--log-level", o.log_level, "trace, debug, info, warn, error");
  node->add_option("--log-format", o.log_format, "json, text, auto");
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

  add_backup(app, o, code);

  commands::send_wish wish;
  add_send(app, o, wish, code);

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

  inspect_commands inspect(app, o, code);
  std::string top_node;
  auto* top =
      app.add_subcommand("top", "A running cluster at work, a screenful each second; ? tells the keys");
  add_settings(*top, o);
  top->add_option("--node", top_node, "HOST:PORT of any node (default: as for inspect)");
  top->callback(
      [&] { code = with_settings(o, [&](const settings& s) { return commands::top(top_node, s); }); });

  auto* config = app.add_subcommand("config", "Check or print the effective configuration");
  add_settings(*config, o);
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
