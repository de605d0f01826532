// The one table of options: loading, validation, printing and the example file all come from it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

enum class option_type : uint8_t { text, number, boolean, list };

struct option {
  std::string name;                      ///< "section.key"
  option_type type = option_type::text;  ///< a list may be written as a text with commas, too
  const char* meaning;                   ///< one sentence
  bool secret = false;                   ///< masked when printed; `<name>_file` is understood too
  bool path = false;                     ///< relative to the configuration file's directory
  /// Checks and stores a value given as text. The error's detail does not name the option yet.
  std::function<result<void>(settings&, const std::string&)> set;
  std::function<std::string(const settings&)> get;

  std::string section() const { return name.substr(0, name.find('.')); }
  std::string key() const { return name.substr(name.find('.') + 1); }
};

const std::vector<option>& all_options();
/// The part of them that says how nodes reach each other.
void add_cluster_options(std::vector<option>& to);
/// The part of them that says how gateways are reached.
void add_gateway_options(std::vector<option>& to);
/// The part that says what is answered to callers of other services.
void add_compat_options(std::vector<option>& to);
/// The part that says how webhooks are delivered.
void add_webhook_options(std::vector<option>& to);
void add_retention_options(std::vector<option>& to);
void add_observation_options(std::vector<option>& to);
/// nullptr when there is none of this name.
const option* find_option(std::string_view name);
/// " Did you mean …?" or an empty text.
std::string nearest_option(std::string_view name);

bool is_section(std::string_view name);
/// As nearest_option.
std::string nearest_section(std::string_view name);

}  // namespace pusher
