// Fills the settings from file, environment and flags, strictly: an unknown key is an error that names the
// nearest one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// This process's environment.
std::map<std::string, std::string> process_environment();

struct settings_sources {
  std::optional<std::string>
      config_file;  ///< none = ./pusher.toml, then /etc/pusher/pusher.toml, then no file
  std::map<std::string, std::string> environment = process_environment();
  std::vector<std::pair<std::string, std::string>> flags;  ///< ("section.key", text)
};

struct loaded_settings {
  settings values;
  std::map<std::string, std::string>
      origins;  ///< "section.key" -> where its value came from; absent = default
};

/// Later sources win: defaults, file, environment, flags. Errors: invalid_configuration, naming the key.
result<loaded_settings> load_settings(const settings_sources& sources);

/// The effective configuration as TOML, with secrets masked and each value's origin behind it.
std::string print_settings(const loaded_settings& loaded);

/// The text of conf/pusher.toml: every option with its default and its sentence.
std::string example_settings();

/// `api,fan-out,push-sender:fcm+apns=2,result-writer`. Errors: invalid_configuration.
result<std::vector<role_entry>> parse_roles(const std::string& text);
std::string to_text(const std::vector<role_entry>& roles);
/// `host:port`.
std::string to_text(const listen_address& at);
/// `api`, `fan-out`, `push-sender`, `result-writer`.
const char* to_string(role which);
std::optional<role> parse_role_name(const std::string& name);

}  // namespace pusher
