#include "conf/load.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "conf/cluster_checks.hpp"
#include "conf/gateway_checks.hpp"
#include "conf/key_file.hpp"
#include "conf/observation_checks.hpp"
#include "conf/options.hpp"
#include "conf/role_variables.hpp"
#include "conf/secret_file.hpp"
#include "conf/toml_file.hpp"
#include "conf/wrong.hpp"
#include "model/json.hpp"

extern char** environ;

namespace pusher {

namespace {

namespace fs = std::filesystem;

constexpr const char* own_prefix = "PUSHER__";

std::string lower(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string host_name() {
  char name[256] = "node";
  gethostname(name, sizeof name - 1);
  return name;
}

/// Refuses a section that does not exist.
result<void> refuse_section(const std::string& section, const std::string& origin) {
  if (is_section(section)) return {};
  return wrong("Unknown section " + section + " (" + origin + ")." + nearest_section(section));
}

/// Applies one source after the other onto the settings.
class loader {
 public:
  /// `name` may be that of an option or, for secrets, "<option>_file".
  result<void> apply(const std::string& name, const std::string& text, const std::string& origin,
                     const std::string& base_directory) {
    if (const auto* found = find_option(name)) {
      auto value = found->path && !text.empty() ? absolute(text, base_directory) : text;
      return store(*found, value, origin);
    }
    const auto* secret_of = option_of_file(name);
    if (!secret_of) return unknown(name, origin);
    auto secret = read_secret(name, absolute(text, base_directory));
    if (!secret) return secret.failure();
    return store(*secret_of, *secret, origin);
  }

  /// Fills in what depends on this machine. Last, so that an empty name means the default in any source.
  void complete() {
    if (loaded_.values.node_name.empty()) loaded_.values.node_name = host_name();
  }

  loaded_settings take() { return std::move(loaded_); }
  const settings& values() const { return loaded_.values; }

 private:
  /// The secret that "<option>_file" stands for, or nullptr.
  static const option* option_of_file(const std::string& name) {
    constexpr size_t suffix = std::string_view("_file").size();
    if (name.size() <= suffix || name.compare(name.size() - suffix, suffix, "_file") != 0) return nullptr;
    const auto* of = find_option(name.substr(0, name.size() - suffix));
    return of && of->secret ? of : nullptr;
  }

  result<void> store(const option& of, const std::string& text, const std::string& origin) {
    auto stored = of.set(loaded_.values, text);
    if (!stored) return wrong(of.name + " (" + origin + ") " + stored.failure().detail + ".");
    loaded_.origins[of.name] = origin;
    return {};
  }

  static result<void> unknown(const std::string& name, const std::string& origin) {
    if (auto fault = refuse_section(name.substr(0, name.find('.')), origin); !fault) return fault;
    return wrong("Unknown option " + name + " (" + origin + ")." + nearest_option(name));
  }

  static std::string absolute(const std::string& path, const std::string& base_directory) {
    return base_directory.empty() ? path : (fs::path(base_directory) / path).lexically_normal().string();
  }

  loaded_settings loaded_;
};

result<std::string> find_config_file(const settings_sources& sources) {
  std::error_code ignored;
  if (sources.config_file) {
    if (!fs::is_regular_file(*sources.config_file, ignored))
      return wrong("--config: there is no file " + *sources.config_file + ".");
    return *sources.config_file;
  }
  for (const char* path : {"pusher.toml", "/etc/pusher/pusher.toml"})
    if (fs::is_regular_file(path, ignored)) return std::string(path);
  return std::string();
}

bool takes(option_type wanted, option_type given) {
  return wanted == given || (wanted == option_type::list && given == option_type::text);
}

const char* in_words(option_type type) {
  switch (type) {
    case option_type::text:
      return "a text in quotes";
    case option_type::number:
      return "a whole number";
    case option_type::boolean:
      return "true or false";
    case option_type::list:
      return "a list of texts";
  }
  return "";
}

result<void> apply_file(loader& into, const std::string& path) {
  auto entries = read_toml(path);
  if (!entries) return entries.failure();
  auto directory = fs::path(path).parent_path().string();
  for (const auto& entry : *entries) {
    auto origin = path + ":" + std::to_string(entry.line);
    if (entry.name.find('.') == std::string::npos) {
      if (auto known = refuse_section(entry.name, origin); !known) return known;
      continue;
    }
    if (const auto* found = find_option(entry.name); found && !takes(found->type, entry.type))
      return wrong(entry.name + " (" + origin + ") takes " + in_words(found->type) + ".");
    if (auto applied = into.apply(entry.name, entry.text, origin, directory); !applied) return applied;
  }
  return {};
}

/// The roles as all sources together say them: the original service's variables are those of roles.
result<std::vector<role_entry>> read_roles(loader with, const settings_sources& sources) {
  if (auto said = sources.environment.find("PUSHER__NODE__ROLES"); said != sources.environment.end())
    if (auto applied = with.apply("node.roles", said->second, said->first, ""); !applied)
      return applied.failure();
  for (const auto& [name, text] : sources.flags)
    if (name == "node.roles")
      if (auto applied = with.apply(name, text, "flag", ""); !applied) return applied.failure();
  return with.values().roles;
}

result<void> apply_role_variables(loader& into, const settings_sources& sources) {
  auto roles = read_roles(into, sources);
  if (!roles) return roles.failure();
  auto said = read_role_variables(sources.environment, *roles);
  if (!said) return said.failure();
  for (const auto& [name, from] : *said)
    if (auto applied = into.apply(name, from.value, from.variable, ""); !applied) return applied;
  return {};
}

result<void> apply_environment(loader& into, const std::map<std::string, std::string>& environment) {
  for (const auto& [variable, value] : environment) {
    if (variable.rfind(own_prefix, 0) != 0) continue;
    auto rest = variable.substr(std::string(own_prefix).size());
    auto cut = rest.find("__");
    if (cut == std::string::npos)
      return wrong("Unknown variable " + variable + "; they are named PUSHER__SECTION__KEY.");
    auto name = lower(rest.substr(0, cut) + "." + rest.substr(cut + 2));
    if (auto applied = into.apply(name, value, variable, ""); !applied) return applied;
  }
  return {};
}

result<void> check_stores(const settings& values) {
  constexpr const char* remedy = ": set both, or neither for stores of the node's own.";
  if (values.embedded_redis() && !values.needs_mysql())
    return wrong(
        "redis.host: missing; a node with the role push-sender alone takes its work from the cluster's "
        "Redis. Set "
        "redis.host or redis.unix_socket.");
  if (values.embedded_redis() && !values.embedded_mysql())
    return wrong(std::string("mysql.host is set and redis.host is not") + remedy);
  if (!values.embedded_redis() && values.embedded_mysql() && values.needs_mysql())
    return wrong(std::string("redis.host is set and mysql.host is not") + remedy);
  if (!values.redis.host.empty() && !values.redis.unix_socket.empty())
    return wrong("redis.host and redis.unix_socket exclude each other.");
  if (!values.mysql.host.empty() && !values.mysql.unix_socket.empty())
    return wrong("mysql.host and mysql.unix_socket exclude each other.");
  return {};
}

/// As browsers write it: a scheme and a host, no path, not even a slash.
result<void> check_origins(const settings& values) {
  for (const auto& each : values.cors_allowed_origins) {
    auto host = each.find("://");
    if (each == "*" ||
        (host != std::string::npos && host + 3 < each.size() &&
         each.find_first_of("/*", host + 3) == std::string::npos && each.find(' ') == std::string::npos))
      continue;
    return error{
        errc::invalid_configuration,
        "api.cors_allowed_origins: \"" + each +
            "\" is not an origin; write scheme://host[:port] as browsers do, without a slash at the end.",
        "", 0};
  }
  return {};
}

/// What no single option can know.
result<void> check_together(const settings& values) {
  if (auto good = check_stores(values); !good) return good;
  if (values.limits.request_bytes_in_memory < values.limits.request_body_bytes)
    return wrong(
        "limits.request_bytes_in_memory is at least limits.request_body_bytes; no request would fit.");
  for (char c : values.node_name)
    if (c == '/' || static_cast<unsigned char>(c) <= ' ') return wrong("node.name has no spaces and no '/'.");
  if (values.node_name.empty() || values.node_name.size() > 64)
    return wrong("node.name has 1 to 64 characters.");
  if (auto good = check_cluster(values); !good) return good;
  if (auto good = check_origins(values); !good) return good;
  if (auto good = check_observation(values); !good) return good;
  if (auto good = check_gateways(values); !good) return good;
  if (!values.secrets_key_file.empty())
    if (auto keys = read_key_file("secrets.key_file", values.secrets_key_file); !keys) return keys.failure();
  return {};
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> made;
  for (char** each = environ; each && *each; ++each) {
    std::string pair = *each;
    auto cut = pair.find('=');
    if (cut != std::string::npos) made[pair.substr(0, cut)] = pair.substr(cut + 1);
  }
  return made;
}

result<loaded_settings> load_settings(const settings_sources& sources) {
  loader into;
  auto file = find_config_file(sources);
  if (!file) return file.failure();
  if (!file->empty())
    if (auto applied = apply_file(into, *file); !applied) return applied.failure();
  if (auto applied = apply_role_variables(into, sources); !applied) return applied.failure();
  if (auto applied = apply_environment(into, sources.environment); !applied) return applied.failure();
  for (const auto& [name, text] : sources.flags)
    if (auto applied = into.apply(name, text, "flag", ""); !applied) return applied.failure();
  into.complete();
  if (auto good = check_together(into.values()); !good) return good.failure();
  return into.take();
}

}  // namespace pusher
