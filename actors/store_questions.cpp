#include "actors/store_questions.hpp"

#include <algorithm>

#include "actors/log.hpp"
#include "actors/target_balance.hpp"
#include "conf/load.hpp"
#include "storage/journal.hpp"

namespace pusher {

namespace {

inspect_answer failure(const error& why) {
  return {false, why.detail};
}

inspect_answer made(http::json_text& out) {
  out.close();
  return {true, out.take()};
}

void write_stream(http::json_text& out, const stream_survey& from) {
  out.open();
  if (!from.queue.empty()) out.field("queue", from.queue);
  out.field("depth", from.depth);
  out.field("claimed", from.claimed);
  out.field("oldest_ms", from.oldest_ms);
  if (!from.queue.empty()) out.field("outstanding", from.outstanding);
  out.key("owners");
  out.open_list();
  for (const auto& each : from.owners) {
    out.open();
    out.field("consumer", each.consumer);
    out.field("claimed", each.claimed);
    out.field("alive", each.alive);
    out.field("idle_ms", each.idle_ms);
    out.close();
  }
  out.close_list();
  out.close();
}

void write_counts(http::json_text& out, const notification_row& from) {
  out.key("counts");
  out.open();
  out.field("audience", from.audience);
  for (auto each : all_outcomes)
    out.field(to_string(each), from.counts[each]);
  out.close();
}

void write_targets(http::json_text& out, const targets_survey& from) {
  out.key("journal");
  out.open();
  out.field("fan_out_known", from.fan_out_known);
  if (from.fan_out_known) {
    out.field("cursor", from.cursor);
    out.field("appended", from.audience);
  }
  out.integer("pending", from.pending);
  if (from.control)
    out.field("control", *from.control == control::paused     ? "paused"
                         : *from.control == control::canceled ? "canceled"
                                                              : "released");
  out.field("waiting", from.waiting);
  out.field("results", from.results);
  out.field("later", from.later);
  out.time("next_due_at", from.next_due_at);
  out.field("held", from.held);
  out.field("dead_letters", from.dead);
  out.field("complete", from.complete);
  out.close();
}

}  // namespace

store_questions::store_questions(node_context_ptr node)
    : node_(std::move(node)), registry_(node_->config.redis), survey_(node_->config.redis) {
  if (node_->config.needs_mysql()) rows_ = std::make_unique<database>(node_->config.mysql);
}

inspect_answer store_questions::answer(const inspect_question& asked) {
  const auto& given = asked.arguments;
  if (asked.command == "pause" || asked.command == "resume") return hold(asked.command == "pause", given);
  // Through the board, which the store keeper tells last: the run id is there then.
  started_ = started_ || node_->board.ok(check_journal);
  if (!started_) return {false, "This node waits for its stores."};
  if (asked.command == "streams") return streams();
  if (asked.command == "notification") return notification(given);
  if (asked.command == "dead-letters") return dead_letters(given);
  if (asked.command == "guard") return guard(given);
  return {false, "This node does not know the command '" + asked.command + "'."};
}

inspect_answer store_questions::hold(bool held, const words& given) {
  auto which = given.size() == 1 ? parse_role_name(given.front()) : std::nullopt;
  if (!which || *which == role::api)
    return {false, "The stage is one of fan-out, push-sender, result-writer."};
  auto done = held ? registry_.hold_stage(given.front()) : registry_.free_stage(given.front());
  if (!done) return failure(done.failure());
  log::info(held ? "stage.paused" : "stage.resumed", {{"stage", given.front()}});
  http::json_text out;
  out.open();
  out.field("stage", given.front());
  out.field("paused", held);
  return made(out);
}

inspect_answer store_questions::streams() {
  auto found = survey_.streams();
  if (!found) return failure(found.failure());
  http::json_text out;
  out.open();
  out.key("queues");
  out.open_list();
  for (const auto& each : found->queues)
    write_stream(out, each);
  out.close_list();
  out.field("idle_queues", found->idle_queues);
  out.key("results");
  write_stream(out, found->results);
  out.key("launches");
  write_stream(out, found->launches);
  out.key("later");
  out.open();
  out.field("jobs", found->later);
  out.field("overdue_ms", found->later_overdue_ms);
  out.close();
  out.key("dead_letters");
  out.open();
  out.field("entries", found->dead_letters);
  out.field("oldest_ms", found->dead_letter_oldest_ms);
  out.close();
  out.key("held");
  out.open_list();
  for (const auto& each : found->held) {
    out.open();
    out.field("notification", id_of(each.notification));
    out.field("batches", each.batches);
    out.close();
  }
  out.close_list();
  return made(out);
}

/// The id that clients know, or, without MariaDB, the row's.
std::string store_questions::id_of(notification_key key) {
  if (!key) return "";
  if (rows_)
    if (auto ids = operator_queries(*rows_).ids_of({key}); ids && ids->count(key) > 0) return (*ids)[key];
  return "#" + std::to_string(key.value);
}

inspect_answer store_questions::notification(const words& given) {
  if (given.size() != 1) return {false, "Give a notification's id, or its external_id."};
  if (!rows_) return {false, "This node has no MariaDB."};
  auto found = operator_queries(*rows_).notifications(given.front());
  if (!found) return failure(found.failure());
  if (found->empty())
    return {false, "There is no notification with the id or external_id '" + given.front() + "'."};
  http::json_text out;
  out.open();
  out.key("notifications");
  out.open_list();
  for (const auto& row : *found)
    if (auto written = write_notification(out, row); !written) return failure(written.failure());
  out.close_list();
  return made(out);
}

result<void> store_questions::write_notification(http::json_text& out, const notification_row& row) {
  auto journal = survey_.targets_of(row.key, row.application);
  if (!journal) return journal.failure();
  out.open();
  out.field("id", row.id);
  if (!row.external_id.empty()) out.field("external_id", row.external_id);
  out.field("application", row.application_name);
  out.field("state", to_string(row.state));
  out.field("fan_out_done", row.fan_out_done);
  out.time("created_at", row.created_at);
  out.time("launched_at", row.launched_at);
  out.time("expires_at", row.expires_at);
  out.time("completed_at", row.completed_at);
  write_counts(out, row);
  write_targets(out, *journal);
  auto wrong = lasting_difference(row, *journal, operator_queries(*rows_), survey_);
  if (!wrong) return wrong.failure();
  if (!wrong->empty()) out.field("difference", *wrong);
  out.close();
  return {};
}

}  // namespace pusher
