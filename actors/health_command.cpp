#include "actors/health_command.hpp"

#include <chrono>
#include <cstdio>

#include "actors/rest_client.hpp"
#include "model/json_members.hpp"

namespace pusher::commands {

namespace {

constexpr int well = 0, not_well = 1, unreachable = 3;

void print_checks(const rest_client::answer& said) {
  std::printf("%s\n", said.text_at("status").c_str());
  const auto& checks = said.at("checks");
  for (rapidjson::SizeType i = 0; checks.IsArray() && i < checks.Size(); ++i) {
    auto detail = json::text_at(checks[i], "detail");
    std::printf("  %-14s %s\n", json::text_at(checks[i], "name").c_str(),
                detail.empty() ? "ok" : detail.c_str());
  }
}

}  // namespace

int health(const health_wish& wish, const settings& config) {
  rest_client node(local_url(config.admin), "", "");
  auto said = node.look(wish.alive_only ? "/livez" : "/readyz", std::chrono::seconds(wish.timeout_seconds));
  if (!said) {
    std::fprintf(stderr, "pusher: %s Is the node running?\n", said.failure().detail.c_str());
    return unreachable;
  }
  if (!wish.quiet) print_checks(*said);
  return said->good() ? well : not_well;
}

}  // namespace pusher::commands
