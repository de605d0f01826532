#include "actors/cli/settings_options.hpp"

#include <CLI/CLI.hpp>

#include "actors/commands.hpp"

namespace pusher::cli {

void settings_options::add_to(CLI::App& command) {
  command
      .add_option("--config", config,
                  "Configuration file (default: ./pusher.toml, then /etc/pusher/pusher.toml)")
      ->type_name("FILE");
  command.add_option("--data-directory", data_directory, "Where the node keeps its data (data.directory)")
      ->type_name("DIR");
  command.add_option("--set", assignments, "Any setting as SECTION.KEY=VALUE; may be repeated");
}

result<loaded_settings> settings_options::load() const {
  settings_sources sources;
  if (!config.empty()) sources.config_file = config;
  auto set = [&sources](const char* key, const std::string& value) {
    if (!value.empty()) sources.flags.emplace_back(key, value);
  };
  set("node.roles", roles);
  set("node.name", name);
  set("data.directory", data_directory);
  set("log.level", log_level);
  set("log.format", log_format);
  for (const auto& each : assignments) {
    auto cut = each.find('=');
    if (cut == std::string::npos)
      return error{errc::invalid_field, "--set takes SECTION.KEY=VALUE, not '" + each + "'.", "", 0};
    sources.flags.emplace_back(each.substr(0, cut), each.substr(cut + 1));
  }
  return load_settings(sources);
}

int settings_options::run_with(const std::function<int(settings)>& work) const {
  auto loaded = load();
  if (!loaded) return commands::fail(loaded.failure());
  return work(std::move(loaded->values));
}

}  // namespace pusher::cli
