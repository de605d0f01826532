#include "actors/inspect/top_frame.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "actors/inspect/bottleneck.hpp"
#include "actors/inspect/cluster_status.hpp"
#include "actors/inspect/cluster_tables.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "model/json_members.hpp"
#include "model/outcome.hpp"

namespace pusher::screen {

namespace {

using rapidjson::Value;

struct totals {
  std::map<std::string, uint64_t> counted;  ///< by node, actor and name
};

/// Counters of single actors: one that was started again, or is missing, must not look like a fall of all.
totals totals_of(const cluster_status& of) {
  totals made;
  for (const auto& node : of.nodes) {
    if (!node.report) continue;
    json::each_at(*node.report, "actors", [&](const Value& actor) {
      const auto* detail = json::member(actor, "detail");
      if (!detail || !detail->IsObject()) return;
      auto whose = node.process + " " + json::text_at(actor, "name") + " ";
      for (const char* name :
           {"rows_read", "targets", "finished", "batches_finished", "put_aside", "rows", "completed"})
        if (json::has(*detail, name)) made.counted[whose + name] = json::number_at(*detail, name);
      if (const auto* outcomes = json::member(*detail, "outcomes"); outcomes && outcomes->IsObject())
        for (const auto& [name, value] : outcomes->GetObject())
          if (value.IsUint64())
            made.counted[whose + "outcome:" + std::string(json::view(name))] = value.GetUint64();
    });
  }
  return made;
}

/// Of all actors that were there both times, and did not begin anew.
double rate_of(const totals& before, const totals& now, const std::string& name, double seconds) {
  if (seconds <= 0) return 0;
  double sum = 0;
  auto suffix = " " + name;
  for (const auto& [key, value] : now.counted) {
    if (key.size() < suffix.size() || key.compare(key.size() - suffix.size(), suffix.size(), suffix) != 0)
      continue;
    auto old = before.counted.find(key);
    if (old != before.counted.end() && value >= old->second) sum += static_cast<double>(value - old->second);
  }
  return sum / seconds;
}

/// Lines of one screen; what does not fit is left out and said so.
class frame {
 public:
  explicit frame(const top_view& how) : how_(how) {}

  void line(const std::string& text, tone with = tone::plain) {
    lines_.push_back(toned(cut_to(text, how_.columns), with, how_.colours));
  }
  /// A table's lines, as many as `most`; of the rest only how many they are.
  void block(const table& of, size_t most) {
    auto text = of.text(how_.colours);
    std::vector<std::string> all;
    for (size_t at = 0; at < text.size();) {
      auto end = text.find('\n', at);
      all.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    size_t shown = std::min(all.size(), most);
    if (shown < all.size() && shown > 1) --shown;
    for (size_t i = 0; i < shown; ++i)
      lines_.push_back(all[i]);
    if (shown < all.size()) line(fmt::format("  and {} more", all.size() - shown), tone::faint);
  }
  size_t left() const { return how_.lines > lines_.size() ? how_.lines - lines_.size() : 0; }

  std::string text() const {
    auto count = std::min(lines_.size(), how_.lines);
    return fmt::format("{}",
                       fmt::join(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(count), "\n"));
  }

 private:
  const top_view& how_;
  std::vector<std::string> lines_;
};

std::string clock_text(utc_ms now) {
  return to_rfc3339(now).substr(11, 8);
}

void head(frame& to, const cluster_status* of, const top_view& how) {
  auto state = how.frozen ? " [frozen]" : "";
  if (!of)
    return to.line(fmt::format("pusher top  {}  {}{}", clock_text(how.now), legible(how.address), state),
                   tone::strong);
  size_t missing = 0;
  for (const auto& each : of->nodes)
    missing += each.report ? 0 : 1;
  to.line(fmt::format("{}  {}  leader {}  {} node{}{}{}", legible(of->cluster), clock_text(how.now),
                      of->epoch == 0 ? "NONE" : fmt::format("{} (epoch {})", legible(of->leader), of->epoch),
                      of->nodes.size(), of->nodes.size() == 1 ? "" : "s",
                      missing > 0 ? fmt::format(", {} MISSING", missing) : "", state),
          of->epoch == 0 || missing > 0 ? tone::bad : tone::strong);
}

void nodes(frame& to, const cluster_status& of, const top_view& how) {
  auto now = how.now;
  size_t left = how.columns > 80 ? how.columns - 59 : 21;
  table made({{"NODE", false, 14},
              {"STATE"},
              {"UP", true},
              {"MEMORY", true},
              {"MAIL", true},
              {"JOBS", true},
              {"ROLES", false, left}});
  for (const auto& each : of.nodes) {
    if (!each.report) {
      made.row({each.shown,
                {"MISSING", tone::bad},
                "-",
                "-",
                "-",
                "-",
                {duration_text(each.heard_ms_ago) + ": " + each.why, tone::bad}});
      continue;
    }
    uint64_t mail = 0, jobs = 0;
    json::each_at(*each.report, "actors", [&](const Value& actor) {
      mail += json::number_at(actor, "mailbox");
      jobs += json::number_at(actor, "claimed");
    });
    auto up = each.started_at > 0
                  ? duration_text(static_cast<uint64_t>(std::max<utc_ms>(0, now - each.started_at)))
                  : "-";
    made.row({each.shown,
              {to_string(each.state), each.state == node_state::ready ? tone::good : tone::warning},
              up,
              size_text(json::number_at(*each.report, "resident_bytes")),
              count_text(mail),
              count_text(jobs),
              each.roles});
  }
  to.block(made, 7);
}

struct depth_texts {
  std::string push = "?", results = "?", push_age = "", results_age = "", later = "?", dead = "?";
};

depth_texts depths_of(const Value* streams) {
  depth_texts made;
  if (!streams) return made;
  uint64_t depth = 0, oldest = 0;
  json::each_at(*streams, "queues", [&](const Value& queue) {
    depth += json::number_at(queue, "depth");
    oldest = std::max(oldest, json::number_at(queue, "oldest_ms"));
  });
  made.push = count_text(depth);
  if (oldest > 0) made.push_age = ", oldest " + duration_text(oldest);
  auto of = [&](const char* name) { return json::member(*streams, name); };
  if (const auto* results = of("results")) {
    made.results = count_text(json::number_at(*results, "depth"));
    if (auto age = json::number_at(*results, "oldest_ms"); age > 0)
      made.results_age = ", oldest " + duration_text(age);
  }
  if (const auto* later = of("later")) made.later = count_text(json::number_at(*later, "jobs"));
  if (const auto* dead = of("dead_letters")) made.dead = count_text(json::number_at(*dead, "entries"));
  return made;
}

void stages(frame& to, const cluster_status& of, const Value* streams, const totals& before,
            const totals& now, const top_view& how) {
  auto rate = [&](const char* name) {
    return how.seconds_between > 0 ? rate_text(rate_of(before, now, name, how.seconds_between))
                                   : std::string("-");
  };
  auto depth = depths_of(streams);
  auto held = [&](const char* stage) {
    return std::find(of.held.begin(), of.held.end(), stage) == of.held.end() ? cell("")
                                                                             : cell("HELD", tone::warning);
  };
  auto use = read_utilisation(of);
  const auto* limit = use.limit();
  auto busy = [&](const char* stage) {
    for (const auto& each : use.stages)
      if (each.stage == stage)
        return cell(fmt::format("{} %", (each.permille + 5) / 10),
                    &each == limit ? tone::warning : tone::plain);
    return cell("-");
  };
  table made({{"STAGE"}, {"BUSY", true}, {"A SECOND", false, 36}, {"WAITING", false, 16}, {""}});
  made.row({"fan-out", busy("fan-out"), rate("targets") + " targets, " + rate("rows_read") + " rows read", "",
            held("fan-out")});
  auto outcomes = rate("outcome:accepted") + " accepted, " + rate("put_aside") + " put aside";
  made.row({"push-sender", busy("push-sender"), outcomes, depth.push + depth.push_age, held("push-sender")});
  made.row({"result-writer", busy("result-writer"),
            rate("rows") + " rows, " + rate("completed") + " completed", depth.results + depth.results_age,
            held("result-writer")});
  to.block(made, 4);
  std::string failures;
  for (auto each : all_outcomes) {
    if (each == outcome::accepted) continue;
    auto name = "outcome:" + std::string(to_string(each));
    auto per_second = how.seconds_between > 0 ? rate_of(before, now, name, how.seconds_between) : 0;
    if (per_second > 0) failures += fmt::format(", {} {}", rate_text(per_second), to_string(each));
  }
  to.line("later " + depth.later + ", dead letters " + depth.dead +
              (failures.empty() ? "" : "; a second: " + failures.substr(2)),
          failures.empty() && (depth.dead == "0" || depth.dead == "?") ? tone::plain : tone::bad);
}

void gateways(frame& to, const std::vector<gateway_line>& lines, const std::map<gateway_key, double>& rates,
              size_t most) {
  if (lines.empty()) return;
  table made({{"GATEWAY", false, 12},
              {"APP", false, 14},
              {"CREDENTIAL", false, 14},
              {"A SECOND", true},
              {"FLIGHT", true},
              {"CONN", true},
              {"STATE", false, 10}});
  auto by_rate = lines;
  auto rate_at = [&](const gateway_line& of) {
    auto found = rates.find({of.application, of.gateway, of.credential});
    return found == rates.end() ? -1.0 : found->second;
  };
  std::stable_sort(by_rate.begin(), by_rate.end(),
                   [&](const auto& a, const auto& b) { return rate_at(a) > rate_at(b); });
  for (const auto& each : by_rate) {
    auto rate = rate_at(each);
    bool well = each.breakers_open == 0 && !each.refused && each.troubles.empty();
    made.row({each.gateway,
              each.application,
              each.credential,
              rate < 0 ? "-" : rate_text(rate),
              count_text(each.in_flight),
              count_text(each.connections),
              {well                     ? "well"
               : each.refused           ? "refused"
               : each.breakers_open > 0 ? "BREAKER"
                                        : "trouble",
               well ? tone::good : tone::bad}});
  }
  to.block(made, most);
}

void help(frame& to) {
  for (const char* each :
       {"q  ends it", "p  freezes the picture, and lets it go on", "?  shows or hides this", "",
        "MAIL: messages that wait at the node's actors. JOBS: what they have claimed.",
        "FLIGHT: requests without an answer. WAITING: entries in the journal, and how old the oldest is.",
        "Rates are of the time between two looks. A MISSING node has its age: when it was heard last."})
    to.line(each);
}

}  // namespace

std::string top_frame(const top_look& now, const top_look& before, const top_view& how) {
  frame to(how);
  std::optional<cluster_status> status;
  if (now.cluster) status = read_cluster(*now.cluster);
  head(to, status ? &*status : nullptr, how);
  if (!how.trouble.empty()) to.line("NO ANSWER: " + legible(how.trouble), tone::bad);
  if (how.help) {
    help(to);
    return to.text();
  }
  if (!status) return to.text();
  cluster_status old;
  if (before.cluster) old = read_cluster(*before.cluster);
  to.line("");
  stages(to, *status, now.streams, totals_of(old), totals_of(*status), how);
  to.line("");
  nodes(to, *status, how);
  auto lines = gateways_of(*status);
  auto problems = std::min<size_t>(status->problems.size(), 4);
  if (!lines.empty()) {
    to.line("");
    auto kept = problems > 0 ? problems + 1 : 0;
    gateways(to, lines, request_rates(gateways_of(old), lines, how.seconds_between),
             std::max<size_t>(3, to.left() > kept ? to.left() - kept : 0));
  }
  if (problems > 0) to.line("");
  for (size_t i = 0; i < problems; ++i)
    to.line("! " + legible(status->problems[i]), tone::bad);
  return to.text();
}

}  // namespace pusher::screen
