#include "actors/cli/completions.hpp"

#include <functional>

namespace pusher::cli {

namespace {

/// What may follow one command, and after which words the shell stands there.
struct place {
  std::string path;  ///< `pusher inspect status`
  const command_text* command;
  std::vector<option_text> options;  ///< with those that it takes of its parent
};

void add_places(std::vector<place>& to, const command_text& command, const std::string& path,
                const std::vector<option_text>& of_parent) {
  place here{path, &command, command.options};
  if (command.takes_options_of_parent)
    here.options.insert(here.options.end(), of_parent.begin(), of_parent.end());
  auto options = here.options;
  to.push_back(std::move(here));
  for (const auto& each : command.commands)
    add_places(to, each, path + " " + each.name, options);
}

std::vector<place> places_of(const command_text& root) {
  std::vector<place> all;
  add_places(all, root, root.name, {});
  return all;
}

bool is_path(const option_text& option) {
  return option.value == "FILE" || option.value == "DIR";
}

/// A shell's word in single quotes, whatever is in it.
std::string quoted(const std::string& text) {
  std::string made = "'";
  for (char each : text)
    made += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return made + "'";
}

/// The words of all commands that lead to another command: how bash and zsh find where they are.
std::string find_place(const std::vector<place>& places, const char* indent) {
  std::string made;
  for (const auto& each : places)
    for (const auto& next : each.command->commands)
      made += indent + quoted(each.path + " " + next.name) +
              ") place=" + quoted(each.path + " " + next.name) + " ;;\n";
  return made;
}

std::vector<std::string> arguments_of(const place& at) {
  std::vector<std::string> all;
  for (const auto& argument : at.command->arguments)
    all.insert(all.end(), argument.choices.begin(), argument.choices.end());
  return all;
}

std::vector<std::string> with_equals_sign(const std::vector<std::string>& settings) {
  std::vector<std::string> all;
  for (const auto& each : settings)
    all.push_back(each + "=");
  return all;
}

/// How bash completes the value of an option.
std::string bash_value(const option_text& option, const std::vector<std::string>& settings) {
  if (option.name == "--set")
    return "compopt -o nospace; COMPREPLY=($(compgen -W " + quoted(joined(with_equals_sign(settings))) +
           " -- \"$current\"))";
  if (option.value == "DIR") return "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\"))";
  if (option.value == "FILE") return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\"))";
  if (!option.choices.empty())
    return "COMPREPLY=($(compgen -W " + quoted(joined(option.choices)) + " -- \"$current\"))";
  return "COMPREPLY=()";
}

std::string zsh_value(const option_text& option, const std::vector<std::string>& settings) {
  if (option.name == "--set") return "compadd -S '' -- " + joined(with_equals_sign(settings));
  if (option.value == "DIR") return "_files -/";
  if (option.value == "FILE") return "_files";
  if (!option.choices.empty()) return "compadd -- " + joined(option.choices);
  return "_message " + quoted(option.meaning);
}

/// `name:meaning` for zsh's _describe, in which a colon of the name would end it.
std::string described(const std::string& name, const std::string& meaning) {
  std::string safe;
  for (char each : name)
    safe += each == ':' ? std::string("\\:") : std::string(1, each);
  return " " + quoted(safe + ":" + meaning);
}

std::string zsh_words(const place& at) {
  std::string commands, options, arguments;
  for (const auto& each : at.command->commands)
    commands += described(each.name, each.meaning);
  for (const auto& each : at.command->arguments)
    for (const auto& choice : each.choices)
      commands += described(choice, each.meaning);
  for (const auto& each : at.options)
    options += described(each.name, each.meaning);
  return "commands=(" + commands + ") options=(" + options + ")";
}

/// One line for fish: `rest` says what is completed at the place.
std::string fish_line(const place& at, const std::string& rest, const std::string& meaning) {
  return "complete -c pusher -n \"__pusher_at '" + at.path + "'\" " + rest +
         (meaning.empty() ? "" : " -d " + quoted(meaning)) + "\n";
}

std::string fish_option(const place& at, const option_text& option,
                        const std::vector<std::string>& settings) {
  std::string rest = "-l " + option.name.substr(2);
  std::vector<std::string> values = option.name == "--set" ? with_equals_sign(settings) : option.choices;
  if (is_path(option))
    rest += " -r -F";
  else if (!option.value.empty() && !option.value_optional)
    rest += " -x";
  if (!values.empty()) rest += " -a " + quoted(joined(values));
  return fish_line(at, rest, option.meaning);
}

}  // namespace

std::string bash_completion(const command_text& root, const std::vector<std::string>& settings) {
  auto places = places_of(root);
  std::string made =
      "# Completion of pusher for bash.\n"
      "_pusher() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} place=" +
      root.name +
      " word words options\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$place $word\" in\n" +
      find_place(places, "      ") +
      "    esac\n"
      "  done\n"
      "  case \"$place $previous\" in\n";
  for (const auto& at : places)
    for (const auto& option : at.options)
      if (!option.value.empty() && !option.value_optional)
        made += "    " + quoted(at.path + " " + option.name) + ") " + bash_value(option, settings) +
                "; return ;;\n";
  made += "  esac\n  case \"$place\" in\n";
  for (const auto& at : places) {
    std::vector<std::string> words = arguments_of(at), options;
    for (const auto& each : at.command->commands)
      words.push_back(each.name);
    for (const auto& each : at.options)
      options.push_back(each.name);
    options.emplace_back("--help");
    made += "    " + quoted(at.path) + ") words=" + quoted(joined(words)) +
            " options=" + quoted(joined(options)) + " ;;\n";
  }
  return made +
         "  esac\n"
         "  [[ $current == -* || -z $words ]] && words=$options\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _pusher pusher\n";
}

std::string zsh_completion(const command_text& root, const std::vector<std::string>& settings) {
  auto places = places_of(root);
  std::string made =
      "#compdef pusher\n"
      "# Completion of pusher for zsh.\n"
      "local place=" +
      root.name +
      " previous=${words[CURRENT-1]} word\n"
      "local -a commands options\n"
      "for word in ${words[2,CURRENT-1]}; do\n"
      "  case \"$place $word\" in\n" +
      find_place(places, "    ") +
      "  esac\n"
      "done\n"
      "case \"$place $previous\" in\n";
  for (const auto& at : places)
    for (const auto& option : at.options)
      if (!option.value.empty() && !option.value_optional)
        made +=
            "  " + quoted(at.path + " " + option.name) + ") " + zsh_value(option, settings) + "; return ;;\n";
  made += "esac\ncase \"$place\" in\n";
  for (const auto& at : places)
    made += "  " + quoted(at.path) + ") " + zsh_words(at) + " ;;\n";
  return made +
         "esac\n"
         "[[ $PREFIX == -* ]] || (( $#commands == 0 )) || { _describe -t commands command commands; return; "
         "}\n"
         "_describe -o -t options option options\n";
}

std::string fish_completion(const command_text& root, const std::vector<std::string>& settings) {
  auto places = places_of(root);
  std::string made =
      "# Completion of pusher for fish.\n"
      "function __pusher_at\n"
      "  set -l place " +
      root.name +
      "\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$place $word\"\n"
      "      case";
  for (const auto& each : places)
    for (const auto& next : each.command->commands)
      made += " " + quoted(each.path + " " + next.name);
  made +=
      "\n"
      "        set place \"$place $word\"\n"
      "    end\n"
      "  end\n"
      "  test \"$place\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c pusher -f\n";
  for (const auto& at : places) {
    for (const auto& each : at.command->commands)
      made += fish_line(at, "-a " + quoted(each.name), each.meaning);
    for (const auto& each : arguments_of(at))
      made += fish_line(at, "-a " + quoted(each), "");
    for (const auto& each : at.options)
      made += fish_option(at, each, settings);
  }
  return made;
}

}  // namespace pusher::cli
