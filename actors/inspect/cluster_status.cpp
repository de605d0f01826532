#include "actors/inspect/cluster_status.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "actors/inspect/bottleneck.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "http/json_writer.hpp"
#include "model/json_members.hpp"

namespace pusher::screen {

namespace {

using rapidjson::Value;

std::string sentence_of(const Value& of, const char* name, const char* otherwise) {
  auto text = json::text_at(of, name);
  return text.empty() ? otherwise : text;
}

node_state state_of(const Value& report) {
  if (json::flag_at(report, "draining")) return node_state::draining;
  return json::flag_at(report, "ready") ? node_state::ready : node_state::not_ready;
}

node_status read_node(const Value& from) {
  node_status made;
  made.name = json::text_at(from, "name");
  made.process = json::text_at(from, "process");
  made.address = json::text_at(from, "address");
  made.roles = json::text_at(from, "roles");
  made.version = json::text_at(from, "version");
  made.started_at = parse_rfc3339(json::text_at(from, "started_at")).value_or(0);
  made.heard_ms_ago = json::number_at(from, "heard_ms_ago");
  made.entry = &from;
  made.report = json::member(from, "report");
  if (made.report)
    made.state = state_of(*made.report);
  else
    made.why = sentence_of(from, "missing", "it said nothing");
  if (made.name.empty()) made.name = made.process.substr(0, made.process.find('/'));
  return made;
}

/// Draws conclusions from the nodes' reports.
class reader {
 public:
  explicit reader(const Value& document) {
    all_.cluster = json::text_at(document, "cluster");
    json::each_at(document, "nodes", [this](const Value& each) { all_.nodes.push_back(read_node(each)); });
    name_them();
    for (const auto& each : all_.nodes)
      each.report ? take(each) : miss(each);
    judge_leaders();
    judge_links();
    judge_versions();
    if (all_.journal.known && all_.journal.dead_letters > 0)
      all_.problems.push_back(count_text(all_.journal.dead_letters) +
                              " dead letters wait for a decision: pusher inspect dead-letters list");
    for (const auto& stage : held_) {
      all_.held.push_back(stage);
      all_.notes.push_back(stage + " is held by an operator: pusher inspect resume " + stage);
    }
  }

  cluster_status made() && { return std::move(all_); }

 private:
  void name_them() {
    std::sort(all_.nodes.begin(), all_.nodes.end(), [](const auto& a, const auto& b) {
      return std::tie(a.name, a.process) < std::tie(b.name, b.process);
    });
    std::map<std::string, unsigned> times;
    for (const auto& each : all_.nodes)
      ++times[each.name];
    for (auto& each : all_.nodes) {
      each.shown = times[each.name] > 1 ? each.process : each.name;
      shown_[each.process] = &each;
    }
  }

  void miss(const node_status& node) {
    all_.problems.push_back(node.shown + " is missing: " + node.why + "; last heard " +
                            duration_text(node.heard_ms_ago) + " ago");
  }

  void take(const node_status& node) {
    const auto& report = *node.report;
    bool draining = node.state == node_state::draining;
    if (draining) all_.notes.push_back(node.shown + " is draining");
    json::each_at(report, "checks", [&](const Value& check) {
      if (!draining && !json::flag_at(check, "ok"))
        all_.problems.push_back(node.shown + ": " + json::text_at(check, "name") + ": " +
                                sentence_of(check, "detail", "not well"));
    });
    json::each_at(report, "held_stages", [this](const Value& stage) {
      if (stage.IsString()) held_.emplace(json::view(stage));
    });
    // All nodes say the same, in figures of their own.
    if (auto load = json::text_at(report, "overload"); !load.empty() && !std::exchange(overloaded_, true))
      all_.problems.push_back(load);
    if (auto missing = json::text_at(report, "actors_missing"); !missing.empty() && !draining)
      all_.problems.push_back(node.shown + ": " + missing);
    json::each_at(report, "actors", [&](const Value& actor) { take_actor(node, actor); });
    if (const auto* journal = json::member(report, "journal")) take_journal(*journal);
    if (const auto* books = json::member(report, "self_check"))
      json::each_at(*books, "differences", [this](const Value& each) {
        all_.problems.push_back("the targets of notification " + json::text_at(each, "notification") +
                                " do not add up: " + json::text_at(each, "detail"));
      });
    if (auto epoch = json::number_at(report, "epoch"); epoch > 0) leads_[epoch] = node.shown;
  }

  void take_actor(const node_status& node, const Value& actor) {
    auto name = node.shown + ": " + json::text_at(actor, "name");
    if (auto missing = json::text_at(actor, "missing"); !missing.empty())
      all_.problems.push_back(name + ": " + missing);
    const auto* detail = json::member(actor, "detail");
    if (!detail) return;
    json::each_at(*detail, "gateways", [&](const Value& gateway) {
      if (auto trouble = json::text_at(gateway, "trouble"); !trouble.empty())
        all_.notes.push_back(name + ": " + json::text_at(gateway, "gateway") + " of " +
                             json::text_at(gateway, "app") + ": " + trouble);
    });
  }

  /// Of all measurements the latest.
  void take_journal(const Value& from) {
    auto at = parse_rfc3339(json::text_at(from, "measured_at")).value_or(0);
    if (all_.journal.known && all_.journal.measured_at >= at) return;
    all_.journal = {true,
                    json::number_at(from, "push"),
                    json::number_at(from, "results"),
                    json::number_at(from, "later"),
                    json::number_at(from, "dead_letters"),
                    at};
  }

  void judge_leaders() {
    bool played = std::any_of(all_.nodes.begin(), all_.nodes.end(), [](const auto& each) {
      return each.roles.find("fan-out") != std::string::npos;
    });
    if (!leads_.empty()) {
      all_.epoch = leads_.rbegin()->first;
      all_.leader = leads_.rbegin()->second;
      return;
    }
    all_.problems.push_back(played ? "no node that answers leads the fan-out: notifications wait"
                                   : "no node plays fan-out: notifications wait");
  }

  /// Between nodes that answer; each side says so, and once is enough.
  void judge_links() {
    std::set<std::pair<std::string, std::string>> told;
    for (const auto& node : all_.nodes) {
      if (!node.report) continue;
      json::each_at(*node.report, "links", [&](const Value& link) {
        auto other = shown_.find(json::text_at(link, "process"));
        if (json::flag_at(link, "connected") || other == shown_.end() || !other->second->report) return;
        auto pair = std::minmax(node.shown, other->second->shown);
        if (!told.emplace(pair.first, pair.second).second) return;
        all_.problems.push_back(node.shown + " and " + other->second->shown +
                                " are not connected: " + sentence_of(link, "detail", "no reason is known"));
      });
    }
  }

  void judge_versions() {
    std::set<std::string> versions;
    for (const auto& node : all_.nodes)
      if (node.report && !node.version.empty()) versions.insert(node.version);
    if (versions.size() > 1)
      all_.notes.push_back(fmt::format("the nodes have different versions: {}", fmt::join(versions, ", ")));
  }

  cluster_status all_;
  std::map<std::string, const node_status*> shown_;  ///< by process
  std::map<uint64_t, std::string> leads_;            ///< by epoch
  std::set<std::string> held_;
  bool overloaded_ = false;
};

tone tone_of(node_state state) {
  switch (state) {
    case node_state::ready:
      return tone::good;
    case node_state::draining:
      return tone::warning;
    case node_state::not_ready:
    case node_state::missing:
      return tone::bad;
  }
  return tone::plain;
}

std::string lines_of(const std::vector<std::string>& sentences, tone how, bool colours) {
  std::string made;
  for (const auto& each : sentences)
    made += "  " + toned(wrapped(legible(each), 78, 4), how, colours) + "\n";
  return made;
}

std::string headline(const cluster_status& of, bool colours) {
  size_t missing = 0;
  for (const auto& each : of.nodes)
    missing += each.report ? 0 : 1;
  auto made = fmt::format("Cluster {}: {} node{}", legible(of.cluster), of.nodes.size(),
                          of.nodes.size() == 1 ? "" : "s");
  if (missing > 0) made += ", " + toned(std::to_string(missing) + " missing", tone::bad, colours);
  made += ". Leader: ";
  made += of.epoch == 0 ? toned("none", tone::bad, colours)
                        : legible(of.leader) + fmt::format(", epoch {}", of.epoch);
  return made + ".\n";
}

std::string journal_line(const cluster_status& of, utc_ms now) {
  if (!of.journal.known) return "Journal: not measured by any node that answers.\n";
  auto age = static_cast<uint64_t>(std::max<utc_ms>(0, now - of.journal.measured_at));
  return fmt::format("Journal {} ago: {} push batches, {} result batches, {} later, {} dead letters.\n",
                     duration_text(age), count_text(of.journal.push), count_text(of.journal.results),
                     count_text(of.journal.later), count_text(of.journal.dead_letters));
}

}  // namespace

const char* to_string(node_state state) {
  switch (state) {
    case node_state::ready:
      return "ready";
    case node_state::not_ready:
      return "not ready";
    case node_state::draining:
      return "draining";
    case node_state::missing:
      return "MISSING";
  }
  return "";
}

cluster_status read_cluster(const Value& document) {
  return reader(document).made();
}

std::string problems_text(const cluster_status& of, bool colours) {
  std::string made;
  if (!of.problems.empty()) made += "Problems:\n" + lines_of(of.problems, tone::bad, colours);
  if (!of.notes.empty()) made += "Notes:\n" + lines_of(of.notes, tone::warning, colours);
  return made;
}

std::string status_text(const cluster_status& of, utc_ms now, bool colours) {
  table nodes({{"NODE", false, 24},
               {"STATE"},
               {"UP", true},
               {"HEARD", true},
               {"MEMORY", true},
               {"VERSION", false, 10},
               {"ROLES"}});
  for (const auto& each : of.nodes) {
    bool up = each.report && each.started_at > 0 && now > each.started_at;
    auto memory = each.report ? json::number_at(*each.report, "resident_bytes") : 0;
    nodes.row({each.shown,
               {to_string(each.state), tone_of(each.state)},
               up ? duration_text(static_cast<uint64_t>(now - each.started_at)) : "-",
               each.report ? "now" : duration_text(each.heard_ms_ago),
               memory > 0 ? size_text(memory) : "-",
               each.version,
               each.roles});
  }
  auto tail = problems_text(of, colours);
  return headline(of, colours) + "\n" + nodes.text(colours) + "\n" + journal_line(of, now) +
         utilisation_text(read_utilisation(of)) + (tail.empty() ? "" : "\n" + tail);
}

std::string status_json(const cluster_status& of, const Value& document) {
  http::json_text out;
  out.open();
  out.field("cluster", of.cluster);
  out.field("healthy", of.healthy());
  for (auto [name, list] :
       {std::pair("problems", &of.problems), {"notes", &of.notes}, {"held_stages", &of.held}}) {
    out.key(name);
    out.open_list();
    for (const auto& each : *list)
      out.value(each);
    out.close_list();
  }
  if (of.epoch == 0) {
    out.null("leader");
  } else {
    out.key("leader");
    out.open();
    out.field("node", of.leader);
    out.field("epoch", of.epoch);
    out.close();
  }
  out.key("utilisation");
  write_utilisation(out, read_utilisation(of));
  out.field("asked", json::text_at(document, "asked"));
  out.key("nodes");
  out.open_list();
  for (const auto& each : of.nodes)
    out.raw_value(json::to_text(*each.entry));
  out.close_list();
  out.close();
  return out.take();
}

}  // namespace pusher::screen
