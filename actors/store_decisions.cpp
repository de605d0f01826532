// What operators decide in the stores: what becomes of dead letters, and of mass deletions that are held.
#include <algorithm>
#include <charconv>

#include "actors/log.hpp"
#include "actors/store_questions.hpp"
#include "storage/token_guard.hpp"

namespace pusher {

namespace {

constexpr size_t most_listed = 100;
constexpr const char* left_note = "What cannot be read was left: it can only be dropped.";
constexpr const char* lost_note =
    "Whose targets were in what could not be read nobody knows: a notification that loses some by it does "
    "not "
    "complete; `pusher inspect notification ID` shows its difference.";

inspect_answer failure(const error& why) {
  return {false, why.detail};
}

inspect_answer made(http::json_text& out) {
  out.close();
  return {true, out.take()};
}

void write_letter(http::json_text& out, const dead_letter& from, const std::string& notification) {
  out.open();
  out.field("id", from.id);
  out.field("stage", from.queue.empty() ? "result-writer" : "push-sender");
  if (!from.queue.empty()) out.field("queue", from.queue);
  out.field("readable", from.readable());
  if (!notification.empty()) out.field("notification", notification);
  out.field("targets", static_cast<uint64_t>(from.targets()));
  if (from.settled > 0) out.field("settled", static_cast<uint64_t>(from.settled));
  out.field("reason", from.reason);
  out.field("owner", from.owner);
  out.time("buried_at", from.buried_at);
}

/// Requeues or drops letters, and counts what came of it.
struct decisions {
  bool requeue = false;
  uint64_t decided = 0, gone = 0, unreadable = 0, targets = 0;

  result<void> decide(dead_letter_box& box, const dead_letter& letter) {
    if (!letter.readable()) ++unreadable;
    if (requeue && !letter.readable()) return {};
    auto done = requeue ? box.requeue(letter) : box.drop(letter);
    if (!done) return done.failure();
    ++(*done ? decided : gone);
    if (!*done) return {};
    targets += letter.targets();
    log::warn(requeue ? "dead_letter.requeued" : "dead_letter.dropped",
              {{"letter", letter.id}, {"targets", std::to_string(letter.targets())}});
    return {};
  }
};

/// Those that are there now: what comes back as a dead letter meanwhile waits for the next decision.
result<void> decide_all(dead_letter_box& box, decisions& all) {
  auto newest = box.newest();
  if (!newest) return newest.failure();
  for (std::string after; after != *newest;) {
    auto page = box.list(after, *newest, most_listed);
    if (!page) return page.failure();
    if (page->empty()) return {};
    for (const auto& each : *page)
      if (auto done = all.decide(box, each); !done) return done;
    after = page->back().id;
  }
  return {};
}

}  // namespace

// -- dead letters --

inspect_answer store_questions::dead_letters(const words& given) {
  if (given.empty() || (given.size() == 1 && given[0] == "list")) return list_letters();
  if (given.size() == 2 && given[0] == "show") return show_letter(given[1]);
  if (given.size() == 2 && (given[0] == "requeue" || given[0] == "drop"))
    return decide_letters(given[0] == "requeue", given[1]);
  return {false, "It is dead-letters list, show ID, requeue ID|all or drop ID|all."};
}

inspect_answer store_questions::list_letters() {
  auto found = letters().list("", "", most_listed + 1);
  if (!found) return failure(found.failure());
  bool more = found->size() > most_listed;
  if (more) found->pop_back();
  http::json_text out;
  out.open();
  out.key("dead_letters");
  out.open_list();
  for (const auto& each : *found) {
    write_letter(out, each, id_of(each.notification()));
    out.close();
  }
  out.close_list();
  out.field("more", more);
  return made(out);
}

/// Never its push tokens.
inspect_answer store_questions::show_letter(const std::string& id) {
  auto found = letters().get(id);
  if (!found) return failure(found.failure());
  http::json_text out;
  write_letter(out, *found, id_of(found->notification()));
  out.field("entry", found->entry);
  if (found->batch) {
    out.time("expires_at", found->batch->expires_at);
    out.field("retries", static_cast<uint64_t>(found->batch->retries));
    unsigned attempts = 0;
    for (const auto& each : found->batch->targets)
      attempts = std::max<unsigned>(attempts, each.attempts);
    out.field("most_attempts", static_cast<uint64_t>(attempts));
  }
  return made(out);
}

inspect_answer store_questions::decide_letters(bool requeue, const std::string& which) {
  auto box = letters();
  decisions all{requeue};
  if (which == "all") {
    if (auto done = decide_all(box, all); !done) return failure(done.failure());
  } else {
    auto letter = box.get(which);
    if (!letter) return failure(letter.failure());
    if (requeue && !letter->readable())
      return {false, "The dead letter " + which + " cannot be read, so it can only be dropped."};
    if (auto done = all.decide(box, *letter); !done) return failure(done.failure());
  }
  http::json_text out;
  out.open();
  out.field(requeue ? "requeued" : "dropped", all.decided);
  out.field("targets", all.targets);
  if (all.gone > 0) out.field("decided_by_another", all.gone);
  if (all.unreadable > 0) {
    out.field("unreadable", all.unreadable);
    out.field("note", requeue ? left_note : lost_note);
  }
  return made(out);
}

// -- mass deletions of tokens that are held --

inspect_answer store_questions::guard(const words& given) {
  if (!rows_) return {false, "This node has no MariaDB."};
  auto write = [](http::json_text& out, const token_hold& from, const std::string& application) {
    out.open();
    out.field("id", from.id);
    if (!application.empty()) out.field("application", application);
    out.field("gateway", to_string(from.gateway));
    out.field("environment", to_string(from.environment));
    out.field("state", to_string(from.state));
    out.field("answered", from.answered);
    out.field("dead", from.dead);
    out.field("devices", from.devices);
    out.time("since", from.since);
    out.time("decided_at", from.decided_at);
  };
  http::json_text out;
  if (given.empty() || (given.size() == 1 && given[0] == "list")) {
    auto found = operator_queries(*rows_).token_holds();
    if (!found) return failure(found.failure());
    out.open();
    out.key("holds");
    out.open_list();
    for (const auto& [application, hold] : *found) {
      write(out, hold, application);
      out.close();
    }
    out.close_list();
    return made(out);
  }
  bool confirm = given[0] == "confirm";
  uint64_t id = 0;
  bool good = given.size() == 2 && (confirm || given[0] == "undo");
  if (good) {
    auto end = given[1].data() + given[1].size();
    auto [stop, fault] = std::from_chars(given[1].data(), end, id);
    good = fault == std::errc() && stop == end;
  }
  if (!good) return {false, "It is guard list, confirm ID or undo ID."};
  auto app = operator_queries(*rows_).application_of_hold(id);
  if (!app) return failure(app.failure());
  token_hold_store store(*rows_);
  auto decided = confirm ? store.confirm(*app, id) : store.undo(*app, id);
  if (!decided) return failure(decided.failure());
  log::warn(confirm ? "token_hold.confirmed" : "token_hold.undone", {{"hold", given[1]}});
  write(out, *decided, "");
  return made(out);
}

}  // namespace pusher
