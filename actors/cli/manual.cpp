#include "actors/cli/manual.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>

#include "actors/cli/roff.hpp"
#include "conf/options.hpp"

namespace pusher::cli {

namespace {

std::string value_of(const option_text& option) {
  if (option.value.empty()) return "";
  auto value = option.choices.empty() ? option.value : joined(option.choices, "|");
  return option.value_optional ? "[" + value + "]" : value;
}

std::string sentence(const option_text& option) {
  auto text = option.meaning.empty() ? std::string("One of ") + joined(option.choices, ", ") : option.meaning;
  if (option.required && !option.name.empty() && option.name[0] == '-') text += "; required";
  return text + ".";
}

std::string synopsis_of(const command_text& command) {
  std::string line;
  if (!command.options.empty()) line += " [OPTION]...";
  if (!command.commands.empty()) line += " COMMAND";
  for (const auto& each : command.arguments)
    line += each.required ? " " + each.name : " [" + each.name + "]";
  return line;
}

std::string entries_of(const std::vector<option_text>& options) {
  std::string made;
  for (const auto& each : options)
    made += roff_entry(each.name, each.name[0] == '-' ? value_of(each) : "", sentence(each));
  return made;
}

/// A command with those below it, depth first.
std::string command_section(const command_text& command, const std::string& path) {
  auto made = ".SS " + roff_text(path + synopsis_of(command)) + "\n" + roff_text(command.meaning) + ".\n";
  made += entries_of(command.arguments) + entries_of(command.options);
  if (!command.notes.empty()) made += roff_verbatim(command.notes);
  for (const auto& each : command.commands)
    made += command_section(each, path + " " + each.name);
  return made;
}

std::string title(const char* name, const char* section, const std::string& version, const std::string& date,
                  const char* what) {
  return std::string(".TH ") + name + " " + section + " " + date + " \"pusher " + version + "\" \"" + what +
         "\"\n";
}

std::string environment_name(const option& of) {
  auto name = "PUSHER__" + of.section() + "__" + of.key();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char each) { return static_cast<char>(std::toupper(each)); });
  return name;
}

const char* type_name(const option& of) {
  switch (of.type) {
    case option_type::text:
      return "a text";
    case option_type::number:
      return "a number";
    case option_type::boolean:
      return "true or false";
    case option_type::list:
      return "a list, or a text with commas";
  }
  return "";
}

std::string facts_of(const option& of, const settings& defaults) {
  auto value = of.get(defaults);
  std::string facts = std::string(type_name(of)) + "; default: " + (value.empty() ? "empty" : value);
  if (of.secret) facts += "; " + of.key() + "_file names a file with it";
  if (of.path) facts += "; relative to the file's directory";
  return facts + "; " + environment_name(of) + (of.secret ? "[_FILE]" : "");
}

std::string setting_entries() {
  const settings defaults;
  std::string made, section;
  for (const auto& each : all_options()) {
    if (each.section() != section) {
      section = each.section();
      made += ".SS [" + roff_text(section) + "]\n";
    }
    made += roff_entry(each.key(), "", each.meaning);
    made += ".br\n" + roff_text("(" + facts_of(each, defaults) + ")") + "\n";
  }
  return made;
}

}  // namespace

std::string program_manual(const command_text& root, const std::string& version, const std::string& date) {
  auto made = title("PUSHER", "1", version, date, "User Commands");
  made += roff_heading("NAME") + "pusher \\- self\\-hosted push\\-notification engine\n";
  made += roff_heading("SYNOPSIS") + ".B pusher\n.I COMMAND\n[\\fIOPTION\\fR]...\n";
  made += roff_heading("DESCRIPTION");
  made += roff_text(
      "A back end registers devices and says in one call whom to reach and with what; Pusher finds the "
      "devices, sends\n"
      "through FCM, APNs, Web Push and Huawei Push Kit, and records what became of every push.\n"
      "pusher node runs it: without configuration a complete installation, with a Redis and a MariaDB of its "
      "own.\n");
  made += roff_text("Every command takes --help.\n");
  made += roff_heading("COMMANDS");
  for (const auto& each : root.commands)
    made += command_section(each, root.name + " " + each.name);
  made += roff_heading("EXIT STATUS");
  made += roff_entry("0", "", "Done, or drained.") + roff_entry("1", "", "A fault.") +
          roff_entry("2", "", "The command line is wrong.") +
          roff_entry("3", "", "No node answers (inspect, health, send).") +
          roff_entry("78", "", "The configuration is wrong; the message names the key.");
  made += roff_heading("ENVIRONMENT");
  made += roff_entry("PUSHER__SECTION__KEY", "",
                     "Any setting, over the file and below flags; see pusher.toml(5).");
  made += roff_entry("PUSHER_API_KEY", "", "The API key of pusher send.");
  made += roff_heading("FILES");
  made +=
      roff_entry("./pusher.toml, /etc/pusher/pusher.toml", "", "The configuration; the first that exists.");
  made += roff_entry("/var/lib/pusher", "", "Data of the service that the package installs.");
  return made + roff_heading("SEE ALSO") + ".BR pusher.toml (5)\n";
}

std::string settings_manual(const std::string& version, const std::string& date) {
  auto made = title("PUSHER.TOML", "5", version, date, "File Formats");
  made += roff_heading("NAME") + "pusher.toml \\- configuration of pusher\n";
  made += roff_heading("DESCRIPTION");
  made += roff_text(
      "A TOML file. None of its keys must be there. What it says is overlaid by variables of the "
      "environment, and these\n"
      "by flags (--set SECTION.KEY=VALUE). An unknown key is an error that names the nearest one.\n"
      "pusher config --check says whether all of it is valid, pusher config --print what is in force, and "
      "where from.\n");
  made += roff_heading("SETTINGS") + setting_entries();
  return made + roff_heading("SEE ALSO") + ".BR pusher (1)\n";
}

std::string manual_date() {
  const char* fixed = std::getenv("SOURCE_DATE_EPOCH");
  std::time_t at = fixed ? static_cast<std::time_t>(std::strtoll(fixed, nullptr, 10)) : std::time(nullptr);
  std::tm day{};
  ::gmtime_r(&at, &day);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", &day);
  return text;
}

}  // namespace pusher::cli
