#include "actors/send_report.hpp"

#include <fmt/format.h>

#include "actors/answer_meaning.hpp"
#include "model/json_members.hpp"
#include "model/outcome.hpp"

namespace pusher::commands {

namespace {

std::string coloured(const std::string& outcome, bool colours) {
  auto padded = fmt::format("{:<12}", outcome);
  if (!colours) return padded;
  const char* colour = outcome == "accepted"                               ? "\033[32m"
                       : outcome == "unknown" || outcome == "unregistered" ? "\033[33m"
                                                                           : "\033[31m";
  return colour + padded + "\033[0m";
}

/// What the engine says by itself, without a gateway.
const std::map<std::string, std::string> own_codes{
    {"no_credential", "no credential is configured for the device's gateway"}};

}  // namespace

code_meanings::code_meanings(const rapidjson::Value& gateways) {
  json::each_at(gateways, "items", [this](const rapidjson::Value& gateway) {
    json::each_at(gateway, "answers", [this](const rapidjson::Value& answer) {
      auto code = json::text_at(answer, "code");
      if (!code.empty())
        rows_.emplace(std::move(code),
                      code_meanings::row{json::text_at(answer, "action"), json::text_at(answer, "meaning"),
                                         json::text_at(answer, "detail").empty()});
    });
  });
}

std::string code_meanings::of(const std::string& code, const std::string& outcome) const {
  if (auto own = own_codes.find(code); own != own_codes.end()) return own->second;
  // A code may stand in several rows: one that leads to this outcome, and best the one without more.
  const row* best = nullptr;
  for (auto [at, end] = rows_.equal_range(code); at != end; ++at)
    if (leads_to(at->second.action, outcome) && (!best || at->second.general)) best = &at->second;
  return best ? best->meaning : std::string();
}

shown_delivery read_delivery(const rapidjson::Value& from) {
  return {json::text_at(from, "device_id"), json::text_at(from, "outcome"), json::text_at(from, "code"),
          json::text_at(from, "gateway_message_id"), json::number_at(from, "attempts")};
}

std::string delivery_line(const shown_delivery& of, const code_meanings& meanings, bool colours) {
  auto line = fmt::format("  {:<40} {}", of.device_id.empty() ? "(deleted)" : of.device_id,
                          coloured(of.outcome, colours));
  if (!of.code.empty()) line += " " + of.code;
  if (auto meaning = meanings.of(of.code, of.outcome); !meaning.empty()) line += ": " + meaning;
  if (!of.gateway_message_id.empty()) line += " " + of.gateway_message_id;
  if (of.attempts > 1) line += fmt::format(" ({} attempts)", of.attempts);
  return line + "\n";
}

uint64_t count_of(const rapidjson::Value& counts, const char* name) {
  return json::number_at(counts, name);
}

std::string counts_line(const rapidjson::Value& counts) {
  std::string line;
  auto add = [&](std::string_view name) {
    auto count = json::number_at(counts, std::string(name).c_str());
    if (count > 0) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", count, name);
  };
  for (auto each : all_outcomes)
    add(to_string(each));
  add("pending");
  auto audience = json::number_at(counts, "audience");
  if (audience == 0) return "It reached no device.\n";
  return fmt::format("{} of {}\n", line, audience);
}

std::string rehearsal_text(const rapidjson::Value& rehearsal) {
  std::string text;
  const auto* audience = json::member(rehearsal, "audience");
  if (audience) {
    text += fmt::format("It would reach {} of {} devices.\n", json::number_at(*audience, "to_send"),
                        json::number_at(*audience, "count"));
    json::each_at(*audience, "by_gateway", [&](const rapidjson::Value& each) {
      text += fmt::format("  {:<10} {}\n", json::text_at(each, "gateway"), json::number_at(each, "count"));
    });
    json::each_at(*audience, "skipped", [&](const rapidjson::Value& each) {
      text += fmt::format("  skipped: {} {}\n", json::number_at(each, "count"), json::text_at(each, "code"));
    });
  }
  json::each_at(rehearsal, "payloads", [&](const rapidjson::Value& each) {
    auto name = json::text_at(each, "gateway");
    if (auto locale = json::text_at(each, "localization"); !locale.empty()) name += " " + locale;
    if (auto fault = json::text_at(each, "fault"); !fault.empty())
      text += fmt::format("{}: would not be sent: {}\n", name, fault);
    else
      text += fmt::format("{}: {} of {} bytes\n", name, json::number_at(each, "bytes"),
                          json::number_at(each, "limit"));
    if (const auto* payload = json::member(each, "payload")) text += "  " + json::to_text(*payload) + "\n";
  });
  return text;
}

}  // namespace pusher::commands
