#include "actors/cli/documents.hpp"

#include <cstdio>
#include <vector>

#include "actors/cli/completions.hpp"
#include "actors/cli/manual.hpp"
#include "conf/options.hpp"

namespace pusher::cli {

namespace {

std::vector<std::string> setting_names() {
  std::vector<std::string> all;
  for (const auto& each : all_options())
    all.push_back(each.name);
  return all;
}

}  // namespace

int print_completion(const command_text& root, const std::string& shell) {
  auto write = shell == "bash" ? bash_completion : shell == "zsh" ? zsh_completion : fish_completion;
  std::fputs(write(root, setting_names()).c_str(), stdout);
  return 0;
}

int print_manual(const command_text& root, const std::string& page) {
  auto date = manual_date();
  auto text =
      page == "pusher" ? program_manual(root, PUSHER_VERSION, date) : settings_manual(PUSHER_VERSION, date);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace pusher::cli
