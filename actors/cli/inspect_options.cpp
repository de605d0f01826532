#include "actors/cli/inspect_options.hpp"

#include <CLI/CLI.hpp>

namespace pusher::cli {

namespace {

constexpr const char* inspect_notes =
    R"(Without --node it asks the node of the data directory, else the one that the configuration names; any node answers for
the whole cluster. A NODE is a name as `status` shows it. Exit codes: 0 well, or done; 1 what it shows has a problem, or
the order was refused; 2 usage; 3 no node answers; 78 configuration.)";

std::vector<std::string> stages() {
  return {"fan-out", "push-sender", "result-writer"};
}

/// Whether it does more than look.
bool orders(const std::string& name, const std::vector<std::string>& arguments) {
  if (name == "dead-letters" || name == "guard")
    return !arguments.empty() && arguments[0] != "list" && arguments[0] != "show";
  return name == "pause" || name == "resume" || name == "drain" || name == "scale" || name == "log-level";
}

}  // namespace

inspect_commands::inspect_commands(CLI::App& to, settings_options& from, int& code)
    : from_(from), code_(code) {
  inspect_ = to.add_subcommand("inspect", "What a running cluster does; steer it");
  inspect_->require_subcommand(1);
  inspect_->footer(inspect_notes);
  from.add_to(*inspect_);
  inspect_->add_option("--node", wish_.node, "HOST:PORT of any node, as its cluster.listen says");
  inspect_->add_flag("--json", wish_.as_json, "JSON in place of text, one document a line");
  watch_ =
      inspect_->add_option("--watch", wish_.watch_seconds, "Look again and again, every so many seconds (2)");
  watch_->expected(0, 1)->check(CLI::Range(0.1, 3600.0));
  add("status", "Nodes, leader, stores' health, what is wrong");
  add("actors", "Every actor: its mailbox, jobs, restarts, last error");
  add("streams", "The journal: depths, claims and their owners, ages");
  add("gateways", "Each credential over all senders: in flight, rates, troubles, expiry");
  argument(add("notification", "Where one stands in each stage"), "id", {}, "Its id, or its external_id");
  auto* letters = add("dead-letters", "Jobs that were given up: list, show ID, requeue ID|all, drop ID|all");
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

CLI::App* inspect_commands::add(const std::string& name, const char* about) {
  auto* made = inspect_->add_subcommand(name, about);
  made->fallthrough();
  made->callback([this, name] { run(name); });
  return made;
}

void inspect_commands::argument(CLI::App* of, const char* name, const std::vector<std::string>& choices,
                                const char* about) {
  auto& into = arguments_.emplace_back();
  auto* made = of->add_option(name, into, about)->required();
  if (!choices.empty()) made->check(CLI::IsMember(choices));
}

void inspect_commands::decision(CLI::App* of, const std::vector<std::string>& verbs, const char* what) {
  auto& verb = arguments_.emplace_back();
  auto& which = arguments_.emplace_back();
  of->add_option("verb", verb, "Default: list")->check(CLI::IsMember(verbs));
  of->add_option(what, which, "Which; `all` for dead letters");
  of->callback([this, of, &verb, &which] {
    if ((verb.empty() || verb == "list") != which.empty())
      throw CLI::ValidationError(of->get_name(), which.empty() ? verb + " needs an id" : "list takes no id");
    run(of->get_name());
  });
}

void inspect_commands::run(const std::string& name) {
  wish_.command = name;
  for (const auto& each : arguments_)
    if (!each.empty()) wish_.arguments.push_back(each);
  if (name == "log-level") wish_.arguments = {node_.empty() ? "*" : node_, level_};
  if (watch_->count() > 0 && wish_.watch_seconds <= 0) wish_.watch_seconds = 2;
  if (wish_.watch_seconds > 0 && orders(name, wish_.arguments))
    throw CLI::ValidationError("--watch", "an order is given once");
  code_ = from_.run_with([this](const settings& s) { return commands::inspect(wish_, s); });
}

}  // namespace pusher::cli
