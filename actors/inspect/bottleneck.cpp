#include "actors/inspect/bottleneck.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "actors/inspect/terminal_text.hpp"
#include "model/json_members.hpp"

namespace pusher::screen {

namespace {

using rapidjson::Value;

constexpr uint64_t half = 500;
constexpr uint64_t nearly_all = 900;

/// What a transport waits for, as its report names it; and how that is said.
constexpr std::pair<const char*, const char*> transport_limits[] = {
    {"thread", "the thread of its connections to {} works without a pause"},
    {"streams", "every stream to {} is in use: its latency, or limits.connections_per_credential"},
    {"records", "answers of {} wait for their record in Redis (limits.unrecorded_answers)"},
    {"rate", "the quota or the ramp of {}"},
    {"breaker", "{} refuses, or cannot be reached"},
    {"credential", "there is no good credential for {}"},
};

std::string percent(uint64_t permille) {
  return fmt::format("{} %", (permille + 5) / 10);
}

void raise(stage_use& to, uint64_t permille, std::string with) {
  if (permille <= to.permille) return;
  to.permille = permille;
  to.with = std::move(with);
}

void take_actor(stage_use& into, const Value& actor) {
  auto redis = json::number_at(actor, "waits_redis_permille");
  auto mariadb = json::number_at(actor, "waits_mariadb_permille");
  raise(into, json::number_at(actor, "busy_permille"),
        fmt::format("{} of the time in MariaDB, {} in Redis", percent(mariadb), percent(redis)));
}

void take_transports(stage_use& into, const Value& sender) {
  const auto* detail = json::member(sender, "detail");
  if (!detail) return;
  json::each_at(*detail, "gateways", [&](const Value& gateway) {
    const auto* shares = json::member(gateway, "permille");
    if (!shares) return;
    for (auto [name, sentence] : transport_limits)
      raise(into, json::number_at(*shares, name),
            fmt::format(fmt::runtime(sentence), legible(json::text_at(gateway, "gateway"))));
  });
}

}  // namespace

const stage_use* utilisation::limit() const {
  auto most = std::max_element(stages.begin(), stages.end(),
                               [](const auto& a, const auto& b) { return a.permille < b.permille; });
  return most == stages.end() || most->permille < half ? nullptr : &*most;
}

utilisation read_utilisation(const cluster_status& of) {
  utilisation made;
  for (const char* name : {"fan-out", "push-sender", "result-writer"}) {
    stage_use stage{name, 0, ""};
    bool told = false;
    for (const auto& node : of.nodes) {
      if (!node.report) continue;
      json::each_at(*node.report, "actors", [&](const Value& actor) {
        if (json::text_at(actor, "role") != name || !json::has(actor, "busy_permille")) return;
        told = true;
        take_actor(stage, actor);
        take_transports(stage, actor);
      });
    }
    if (told) made.stages.push_back(std::move(stage));
  }
  for (const auto& node : of.nodes) {
    auto busy = node.report ? json::number_at(*node.report, "machine_busy_permille") : 0;
    made.machine = std::max<uint64_t>(made.machine, busy);
  }
  return made;
}

std::string utilisation_text(const utilisation& of) {
  if (of.stages.empty()) return "";
  std::string made;
  for (const auto& each : of.stages)
    made += (made.empty() ? "Busy: " : ", ") + each.stage + " " + percent(each.permille);
  made += ", processors " + percent(of.machine) + ".\n";
  const auto* limit = of.limit();
  if (!limit) return made + "Held back by: nothing; no stage is busy for half of its time.\n";
  made += wrapped("Held back by: " + limit->stage + ": " + limit->with +
                      (of.machine >= nearly_all ? "; the processors are in use" : "") + ".",
                  78, 2);
  return made + "\n";
}

void write_utilisation(http::json_text& out, const utilisation& of) {
  out.open();
  out.key("stages");
  out.open_list();
  for (const auto& each : of.stages) {
    out.open();
    out.field("stage", each.stage);
    out.field("busy_permille", each.permille);
    out.field("with", each.with);
    out.close();
  }
  out.close_list();
  out.field("machine_busy_permille", of.machine);
  if (const auto* limit = of.limit())
    out.field("held_back_by", limit->stage);
  else
    out.null("held_back_by");
  out.close();
}

}  // namespace pusher::screen
