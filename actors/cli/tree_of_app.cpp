#include "actors/cli/tree_of_app.hpp"

#include <CLI/CLI.hpp>

namespace pusher::cli {

namespace {

/// What the parser calls a type may have the values behind it: `TEXT:{fcm,apns}`.
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> all;
  auto open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return all;
  std::string rest = type.substr(open + 1, close - open - 1);
  for (size_t at = 0; at <= rest.size();) {
    auto end = std::min(rest.find(',', at), rest.size());
    all.push_back(rest.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

option_text option_of(const CLI::Option& from) {
  option_text made;
  const auto &longs = from.get_lnames(), &shorts = from.get_snames();
  made.name = !longs.empty()    ? "--" + longs.front()
              : !shorts.empty() ? "-" + shorts.front()
                                : from.get_name(true);
  made.meaning = from.get_description();
  auto type = from.get_type_name();
  made.choices = choices_in(type);
  if (from.get_items_expected_max() > 0) made.value = type.substr(0, type.find(':'));
  made.group = from.get_group() == "Options" ? "" : from.get_group();
  made.required = from.get_required();
  made.value_optional = from.get_items_expected_max() > 0 && from.get_items_expected_min() == 0;
  return made;
}

command_text command_of(const CLI::App& app) {
  command_text made;
  made.name = app.get_name();
  made.meaning = app.get_description();
  made.notes = app.get_footer();
  made.takes_options_of_parent = app.get_fallthrough();
  for (const auto* each : app.get_options()) {
    if (each == app.get_help_ptr()) continue;
    (each->nonpositional() ? made.options : made.arguments).push_back(option_of(*each));
  }
  for (const auto* each : app.get_subcommands([](const CLI::App*) { return true; }))
    made.commands.push_back(command_of(*each));
  return made;
}

}  // namespace

command_text tree_of(const CLI::App& app, const std::string& program) {
  auto made = command_of(app);
  made.name = program;
  return made;
}

}  // namespace pusher::cli
