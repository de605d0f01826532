#include "conf/role_variables.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "conf/options.hpp"
#include "conf/wrong.hpp"

namespace pusher {

namespace {

constexpr std::string_view file_suffix = "_file";

struct prefix {
  std::string_view text;
  pusher::role role;
};
constexpr prefix prefixes[] = {{"API_SERVER__", role::api},
                               {"NOTIFICATION_WORKER__", role::fan_out},
                               {"RESULT_WORKER__", role::result_writer},
                               {"PUSH_WORKER__", role::push_sender}};

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string without_file_suffix(const std::string& name) {
  bool file = name.size() > file_suffix.size() &&
              name.compare(name.size() - file_suffix.size(), file_suffix.size(), file_suffix) == 0;
  return file ? name.substr(0, name.size() - file_suffix.size()) : name;
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (auto& c : made)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

/// Our option for a variable of this prefix, without it.
result<std::string> option_for(const std::string& variable, const prefix& of) {
  auto rest = std::string_view(variable).substr(of.text.size());
  auto cut = rest.find("__");
  auto section = lower(rest.substr(0, cut));
  auto key = cut == std::string_view::npos ? std::string() : lower(rest.substr(cut + 2));
  bool sends = of.role == role::push_sender;
  if (sends && section == "firebase" && starts_with(key, "server_key")) section = "fcm_legacy";
  auto name = section + "." + key;
  bool known = (section == "mysql" && !sends) || section == "redis" || section == "fcm_legacy";
  if (!known)
    return wrong("Unknown variable " + variable +
                 "; it names a host, port, user, password or database of MYSQL or REDIS, or for the "
                 "push worker of REDIS, or its FIREBASE__SERVER_KEY.");
  const auto* option = find_option(without_file_suffix(name));
  if (!option || (!option->secret && name != option->name))
    return wrong("Unknown variable " + variable + "." + nearest_option(name));
  return name;
}

bool plays(const std::vector<role_entry>& roles, role wanted) {
  return std::any_of(roles.begin(), roles.end(), [&](const auto& each) { return each.role == wanted; });
}

const prefix* prefix_of(const std::string& variable) {
  for (const auto& each : prefixes)
    if (starts_with(variable, each.text)) return &each;
  return nullptr;
}

}  // namespace

result<std::map<std::string, role_variable>> read_role_variables(
    const std::map<std::string, std::string>& environment, const std::vector<role_entry>& played) {
  std::map<std::string, role_variable> said;
  for (const auto& [variable, value] : environment) {
    const auto* of = prefix_of(variable);
    if (!of) continue;
    // The only client that the service had.
    if (variable == "PUSH_WORKER__FIREBASE__CLIENT" && value == "legacy") continue;
    auto name = option_for(variable, *of);
    if (!name) return name.failure();
    if (!plays(played, of->role)) continue;
    auto [known, fresh] = said.try_emplace(*name, role_variable{variable, value});
    if (!fresh && known->second.value != value)
      return wrong(known->second.variable + " and " + variable +
                   " contradict each other, and this node plays both roles.");
  }
  for (const auto& [name, from] : said)
    if (auto plain = said.find(without_file_suffix(name)); plain != said.end() && plain->first != name)
      return wrong(plain->second.variable + " and " + from.variable + " exclude each other.");
  return said;
}

}  // namespace pusher
