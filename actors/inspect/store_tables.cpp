#include "actors/inspect/store_tables.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "actors/inspect/terminal_text.hpp"
#include "model/json_members.hpp"

namespace pusher::screen {

namespace {

using rapidjson::Value;

std::string age_text(const Value& of, const char* name) {
  auto age = json::number_at(of, name);
  return age == 0 ? "-" : duration_text(age);
}

std::string ago(const Value& of, const char* name, utc_ms now) {
  auto at = parse_rfc3339(json::text_at(of, name));
  return at ? duration_text(static_cast<uint64_t>(std::max<utc_ms>(0, now - *at))) : "-";
}

std::string count_at(const Value& of, const char* name) {
  return count_text(json::number_at(of, name));
}

/// Who holds entries, and who of them is dead.
void add_owners(const Value& stream, const std::string& name, table& to) {
  json::each_at(stream, "owners", [&](const Value& owner) {
    if (json::number_at(owner, "claimed") == 0) return;
    bool alive = json::flag_at(owner, "alive");
    // The boot id in between is of no use here.
    auto consumer = json::text_at(owner, "consumer");
    auto first = consumer.find('/'), second = consumer.find('/', first + 1);
    if (second != std::string::npos) consumer = consumer.substr(0, first) + " " + consumer.substr(second + 1);
    to.row({name,
            consumer,
            count_at(owner, "claimed"),
            {alive ? "alive" : "DEAD", alive ? tone::good : tone::bad},
            age_text(owner, "idle_ms")});
  });
}

void add_stream(const Value* stream, const std::string& name, table& to, table& owners) {
  if (!stream) return;
  bool counted = json::has(*stream, "outstanding");
  to.row({name, count_at(*stream, "depth"), count_at(*stream, "claimed"), age_text(*stream, "oldest_ms"),
          counted ? count_at(*stream, "outstanding") : "-"});
  add_owners(*stream, name, owners);
}

std::string stage_line(const char* name, const std::string& what) {
  return fmt::format("  {:<14} {}\n", name, what);
}

std::string counts_text(const Value& notification) {
  std::string text;
  const auto* counts = json::member(notification, "counts");
  if (!counts || !counts->IsObject()) return "-";
  for (const auto& [name, value] : counts->GetObject())
    if (value.IsUint64() && value.GetUint64() > 0 && json::view(name) != "audience")
      text += (text.empty() ? "" : ", ") + count_text(value.GetUint64()) + " " + legible(json::view(name));
  return (text.empty() ? "none settled" : text) + " of " + count_at(*counts, "audience");
}

std::string journal_text(const Value& journal, utc_ms now) {
  auto pending = json::member(journal, "pending");
  auto line = fmt::format(
      "{} pending in Redis: {} waiting or being sent, {} with results, {} later, {} held, {} in dead letters",
      pending && pending->IsInt64() ? pending->GetInt64() : 0, count_at(journal, "waiting"),
      count_at(journal, "results"), count_at(journal, "later"), count_at(journal, "held"),
      count_at(journal, "dead_letters"));
  if (!json::flag_at(journal, "complete")) line += " (at least: there was too much to look at)";
  if (auto due = parse_rfc3339(json::text_at(journal, "next_due_at")))
    line += *due > now ? "; the next try is due in " + duration_text(static_cast<uint64_t>(*due - now))
                       : std::string("; the next try is due");
  return wrapped(line, 62, 17);
}

}  // namespace

told streams_text(const Value& document, bool colours) {
  table streams(
      {{"STREAM", false, 38}, {"DEPTH", true}, {"CLAIMED", true}, {"OLDEST", true}, {"OUTSTANDING", true}});
  table owners({{"STREAM", false, 32}, {"OWNER", false, 28}, {"CLAIMED", true}, {"LIFE"}, {"SINCE", true}});
  json::each_at(document, "queues",
                [&](const Value& each) { add_stream(&each, json::text_at(each, "queue"), streams, owners); });
  add_stream(json::member(document, "results"), "results", streams, owners);
  add_stream(json::member(document, "launches"), "launches", streams, owners);
  told made{streams.text(colours), true};
  if (!owners.empty()) made.text += "\n" + owners.text(colours);
  made.text += "\n";
  if (const auto* later = json::member(document, "later"))
    made.text += "Later: " + count_at(*later, "jobs") + " jobs wait for their time" +
                 (json::number_at(*later, "overdue_ms") > 0
                      ? ", the first is overdue by " + age_text(*later, "overdue_ms")
                      : "") +
                 ".\n";
  if (const auto* dead = json::member(document, "dead_letters")) {
    made.healthy = json::number_at(*dead, "entries") == 0;
    auto line = "Dead letters: " + count_at(*dead, "entries") +
                (made.healthy ? "" : ", the oldest " + age_text(*dead, "oldest_ms") + " old");
    made.text += toned(line, made.healthy ? tone::plain : tone::bad, colours) + ".\n";
  }
  json::each_at(document, "held", [&](const Value& each) {
    made.text += "Held: " + count_at(each, "batches") + " batches of " +
                 legible(json::text_at(each, "notification")) + ".\n";
  });
  return made;
}

told notifications_text(const Value& document, utc_ms now, bool colours) {
  told made;
  json::each_at(document, "notifications", [&](const Value& each) {
    if (!made.text.empty()) made.text += "\n";
    made.text += toned(legible(json::text_at(each, "id")), tone::strong, colours) + "\n";
    made.text += stage_line("application", legible(json::text_at(each, "application")));
    if (auto own = json::text_at(each, "external_id"); !own.empty())
      made.text += stage_line("external_id", legible(own));
    made.text += stage_line("state", legible(json::text_at(each, "state")));
    if (json::has(each, "launched_at"))
      made.text += stage_line("launched", ago(each, "launched_at", now) + " ago");
    if (json::has(each, "completed_at"))
      made.text += stage_line("completed", ago(each, "completed_at", now) + " ago");
    const auto* journal = json::member(each, "journal");
    bool done = json::flag_at(each, "fan_out_done");
    auto fan_out = done ? std::string("done")
                   : journal && json::flag_at(*journal, "fan_out_known")
                       ? "under way: " + count_at(*journal, "appended") + " targets appended"
                       : std::string("not begun");
    made.text += stage_line("fan-out", fan_out);
    if (journal) {
      if (auto control = json::text_at(*journal, "control"); !control.empty())
        made.text += stage_line("control", legible(control));
      made.text += stage_line("journal", journal_text(*journal, now));
    }
    made.text += stage_line("rows", counts_text(each));
    if (auto wrong = json::text_at(each, "difference"); !wrong.empty()) {
      made.healthy = false;
      made.text +=
          "  " + toned(wrapped("DIFFERENCE: " + legible(wrong) + ".", 78, 4), tone::bad, colours) + "\n";
    }
  });
  return made;
}

std::string dead_letters_text(const Value& document, utc_ms now, bool colours) {
  table letters({{"ID", false, 20}, {"AGE", true}, {"NOTIFICATION", false, 36}, {"TARGETS", true}});
  std::string tail;
  json::each_at(document, "dead_letters", [&](const Value& each) {
    bool readable = json::flag_at(each, "readable");
    letters.row({json::text_at(each, "id"), ago(each, "buried_at", now),
                 readable ? cell(json::text_at(each, "notification")) : cell("unreadable", tone::bad),
                 readable ? count_at(each, "targets") : "?"});
    auto where = json::text_at(each, "queue");
    auto line = json::text_at(each, "id") + ": " + (where.empty() ? "results" : where) + ": " +
                json::text_at(each, "reason") + "; last owner " + json::text_at(each, "owner");
    tail += "  " + wrapped(legible(line), 78, 4) + "\n";
  });
  if (letters.empty()) return "No dead letters.\n";
  auto more = json::flag_at(document, "more") ? "There are more; these are the oldest.\n" : "";
  return letters.text(colours) + "\n" + tail + more;
}

std::string guard_text(const Value& document, utc_ms now, bool colours) {
  table holds({{"ID", true},
               {"APPLICATION", false, 16},
               {"GATEWAY"},
               {"STATE"},
               {"DEAD", true},
               {"OF", true},
               {"DEVICES", true},
               {"SINCE", true}});
  json::each_at(document, "holds", [&](const Value& each) {
    auto state = json::text_at(each, "state");
    holds.row({std::to_string(json::number_at(each, "id")),
               json::text_at(each, "application"),
               json::text_at(each, "gateway"),
               {state, state == "held" ? tone::bad : tone::plain},
               count_at(each, "dead"),
               count_at(each, "answered"),
               count_at(each, "devices"),
               ago(each, "since", now)});
  });
  if (holds.empty()) return "No deletions were ever held.\n";
  return holds.text(colours);
}

}  // namespace pusher::screen
