#include "conf/load.hpp"
#include "conf/options.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

std::string toml_value(const option& of, const std::string& text) {
  if (of.type == option_type::number || of.type == option_type::boolean) return text;
  rapidjson::Value value(rapidjson::StringRef(text.data(), text.size()));
  return json::to_text(value);  // TOML's basic strings escape as JSON's do
}

void begin_section(std::string& to, const option& next, std::string& section) {
  if (next.section() == section) return;
  section = next.section();
  to += (to.empty() ? "[" : "\n[") + section + "]\n";
}

}  // namespace

std::string print_settings(const loaded_settings& loaded) {
  std::string made, section;
  for (const auto& each : all_options()) {
    begin_section(made, each, section);
    auto text = each.get(loaded.values);
    if (each.secret && !text.empty()) text = "********";
    auto origin = loaded.origins.find(each.name);
    made += each.key() + " = " + toml_value(each, text) + "  # " +
            (origin == loaded.origins.end() ? "default" : origin->second) + "\n";
  }
  return made;
}

std::string example_settings() {
  std::string made, section;
  const settings defaults;
  for (const auto& each : all_options()) {
    begin_section(made, each, section);
    made += std::string("# ") + each.meaning + "\n";
    made += "#" + each.key() + " = " + toml_value(each, each.get(defaults)) + "\n";
  }
  return made;
}

}  // namespace pusher
