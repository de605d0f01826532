#include "actors/inspect/cluster_tables.hpp"

#include <algorithm>

#include "actors/inspect/terminal_text.hpp"
#include "http/json_writer.hpp"
#include "model/json_members.hpp"

namespace pusher::screen {

namespace {

using rapidjson::Value;

constexpr utc_ms soon_ms = 7 * 86'400'000LL;

gateway_key key_of(const gateway_line& line) {
  return {line.application, line.gateway, line.credential};
}

std::string error_line(const std::string& node, const Value& actor, utc_ms now) {
  auto said = json::text_at(actor, "last_error");
  if (said.empty()) return "";
  auto at = parse_rfc3339(json::text_at(actor, "last_error_at")).value_or(now);
  return node + " " + json::text_at(actor, "name") + ", " +
         duration_text(static_cast<uint64_t>(std::max<utc_ms>(0, now - at))) + " ago: " + said;
}

cell expiry_cell(utc_ms expires_at, utc_ms now) {
  if (expires_at == 0) return "-";
  if (expires_at <= now) return {"expired", tone::bad};
  return {duration_text(static_cast<uint64_t>(expires_at - now)),
          expires_at - now < soon_ms ? tone::warning : tone::plain};
}

void add(gateway_line& to, const Value& from) {
  ++to.senders;
  to.requests += json::number_at(from, "requests");
  to.in_flight += json::number_at(from, "in_flight");
  to.queued += json::number_at(from, "queued");
  to.connections += json::number_at(from, "connections");
  to.breakers_open += json::flag_at(from, "breaker_open") ? 1 : 0;
  to.quota_per_minute = std::max(to.quota_per_minute, json::number_at(from, "quota_per_minute"));
  to.refused = to.refused || json::flag_at(from, "credential_refused");
  if (auto trouble = json::text_at(from, "trouble"); !trouble.empty()) to.troubles.insert(trouble);
}

template <class Visit>
void each_actor(const cluster_status& of, Visit visit) {
  for (const auto& node : of.nodes)
    if (node.report) json::each_at(*node.report, "actors", [&](const Value& actor) { visit(node, actor); });
}

}  // namespace

// -- actors --

bool all_actors_answer(const cluster_status& of) {
  bool all = true;
  for (const auto& node : of.nodes)
    all = all && node.report && !json::has(*node.report, "actors_missing");
  each_actor(of, [&](const auto&, const Value& actor) { all = all && !json::has(actor, "missing"); });
  return all;
}

std::string actors_text(const cluster_status& of, utc_ms now, bool colours) {
  table actors({{"NODE", false, 20},
                {"ACTOR", false, 20},
                {"STATE", false, 10},
                {"MAILBOX", true},
                {"CLAIMED", true},
                {"RESTARTS", true}});
  std::string tail;
  for (const auto& node : of.nodes)
    if (!node.report || json::has(*node.report, "actors_missing")) {
      actors.row({node.shown, "?", {"MISSING", tone::bad}, "-", "-", "-"});
      auto why = node.report ? json::text_at(*node.report, "actors_missing") : node.why;
      tail += "  " +
              toned(wrapped(legible(node.shown + ": " + why + "; last heard " +
                                    duration_text(node.heard_ms_ago) + " ago"),
                            78, 4),
                    tone::bad, colours) +
              "\n";
    }
  each_actor(of, [&](const node_status& node, const Value& actor) {
    auto missing = json::text_at(actor, "missing");
    auto restarts = json::number_at(actor, "restarts");
    auto count = [&](const char* name) {
      return missing.empty() ? count_text(json::number_at(actor, name)) : std::string("-");
    };
    actors.row({node.shown,
                json::text_at(actor, "name"),
                missing.empty() ? cell("well", tone::good) : cell("MISSING", tone::bad),
                count("mailbox"),
                count("claimed"),
                {count_text(restarts), restarts > 0 ? tone::warning : tone::plain}});
    auto line = missing.empty() ? error_line(node.shown, actor, now)
                                : node.shown + " " + json::text_at(actor, "name") + ": " + missing;
    if (!line.empty())
      tail += "  " +
              toned(wrapped(legible(line), 78, 4), missing.empty() ? tone::warning : tone::bad, colours) +
              "\n";
  });
  return actors.text(colours) + (tail.empty() ? "" : "\nLast errors:\n" + tail);
}

std::string actors_json(const cluster_status& of) {
  http::json_text out;
  out.open();
  out.key("nodes");
  out.open_list();
  for (const auto& node : of.nodes) {
    out.open();
    out.field("node", node.shown);
    out.field("process", node.process);
    const auto* missing = node.report ? json::member(*node.report, "actors_missing") : nullptr;
    if (!node.report || missing) {
      out.field("missing", missing ? json::text_at(*node.report, "actors_missing") : node.why);
      out.field("heard_ms_ago", node.heard_ms_ago);
    } else if (const auto* actors = json::member(*node.report, "actors")) {
      out.raw("actors", json::to_text(*actors));
    }
    out.close();
  }
  out.close_list();
  out.close();
  return out.take();
}

// -- gateways --

std::vector<gateway_line> gateways_of(const cluster_status& of) {
  std::map<gateway_key, gateway_line> lines;
  std::map<std::pair<std::string, std::string>, utc_ms> expiries;
  each_actor(of, [&](const node_status&, const Value& actor) {
    const auto* detail = json::member(actor, "detail");
    if (!detail) return;
    json::each_at(*detail, "gateways", [&](const Value& each) {
      gateway_key key{json::text_at(each, "app"), json::text_at(each, "gateway"),
                      json::text_at(each, "credential")};
      auto& line = lines[key];
      std::tie(line.application, line.gateway, line.credential) = key;
      add(line, each);
    });
    json::each_at(*detail, "credentials", [&](const Value& each) {
      if (auto at = parse_rfc3339(json::text_at(each, "expires_at")))
        expiries[{json::text_at(each, "app"), json::text_at(each, "gateway")}] = *at;
    });
  });
  std::vector<gateway_line> made;
  for (auto& [key, line] : lines) {
    auto known = expiries.find({line.application, line.gateway});
    if (known != expiries.end()) line.expires_at = known->second;
    made.push_back(std::move(line));
  }
  return made;
}

std::map<gateway_key, double> request_rates(const std::vector<gateway_line>& before,
                                            const std::vector<gateway_line>& now, double seconds) {
  std::map<gateway_key, uint64_t> known;
  for (const auto& each : before)
    known[key_of(each)] = each.requests;
  std::map<gateway_key, double> rates;
  for (const auto& each : now) {
    auto found = known.find(key_of(each));
    // A sender that was started again counts from zero.
    if (found != known.end() && seconds > 0 && each.requests >= found->second)
      rates[key_of(each)] = static_cast<double>(each.requests - found->second) / seconds;
  }
  return rates;
}

bool gateways_well(const std::vector<gateway_line>& lines) {
  return std::all_of(lines.begin(), lines.end(), [](const auto& each) {
    return each.breakers_open == 0 && !each.refused && each.troubles.empty();
  });
}

std::string gateways_text(const std::vector<gateway_line>& lines, const std::map<gateway_key, double>& rates,
                          utc_ms now, bool colours) {
  if (lines.empty()) return "No sender that answers has a gateway open.\n";
  table made({{"APP", false, 12},
              {"GATEWAY", false, 12},
              {"CREDENTIAL", false, 13},
              {"FLIGHT", true},
              {"REQUESTS", true},
              {"PER S", true},
              {"CONN", true},
              {"STATE"},
              {"EXPIRES", true}});
  std::string tail;
  for (const auto& each : lines) {
    auto rate = rates.find(key_of(each));
    bool bad = each.refused || each.breakers_open > 0;
    auto state = each.refused             ? "refused"
                 : each.breakers_open > 0 ? "BREAKER"
                 : each.troubles.empty()  ? "well"
                                          : "trouble";
    made.row({each.application,
              each.gateway,
              each.credential,
              count_text(each.in_flight),
              count_text(each.requests),
              rate == rates.end() ? "-" : rate_text(rate->second),
              count_text(each.connections),
              {state, bad                     ? tone::bad
                      : each.troubles.empty() ? tone::good
                                              : tone::warning},
              expiry_cell(each.expires_at, now)});
    auto name = each.application + " " + each.gateway + " " + each.credential;
    for (const auto& trouble : each.troubles)
      tail += "  " + toned(wrapped(legible(name + ": " + trouble), 78, 4), tone::warning, colours) + "\n";
    if (each.quota_per_minute > 0)
      tail +=
          "  " +
          wrapped(legible(name + ": quota of the cluster " + count_text(each.quota_per_minute) + " a minute"),
                  78, 4) +
          "\n";
  }
  return made.text(colours) + (tail.empty() ? "" : "\n" + tail);
}

std::string gateways_json(const std::vector<gateway_line>& lines,
                          const std::map<gateway_key, double>& rates) {
  http::json_text out;
  out.open();
  out.key("gateways");
  out.open_list();
  for (const auto& each : lines) {
    out.open();
    out.field("app", each.application);
    out.field("gateway", each.gateway);
    out.field("credential", each.credential);
    out.field("senders", each.senders);
    out.field("in_flight", each.in_flight);
    out.field("queued", each.queued);
    out.field("requests", each.requests);
    if (auto rate = rates.find(key_of(each)); rate != rates.end())
      out.field("requests_per_second", rate->second);
    out.field("connections", each.connections);
    out.field("breakers_open", each.breakers_open);
    out.field("credential_refused", each.refused);
    if (each.quota_per_minute > 0) out.field("quota_per_minute", each.quota_per_minute);
    out.time("expires_at", each.expires_at);
    out.key("troubles");
    out.open_list();
    for (const auto& trouble : each.troubles)
      out.value(trouble);
    out.close_list();
    out.close();
  }
  out.close_list();
  out.close();
  return out.take();
}

}  // namespace pusher::screen
