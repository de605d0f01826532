#include "http/codec_notification.hpp"

#include "http/codec_content.hpp"
#include "http/codec_schedule.hpp"
#include "http/field_reader.hpp"
#include "http/text.hpp"
#include "model/json.hpp"
#include "model/message_wording.hpp"

namespace pusher::http {

namespace {

bool says_nothing(const notification_draft& draft) {
  const auto& said = draft.content;
  return !said.title && !said.body && said.data.empty() && draft.android.empty() && draft.apns.empty() &&
         draft.webpush.empty() && draft.hms.empty();
}

void read_delivery_options(field_reader& from, notification_draft& into) {
  into.external_id = from.text("external_id", {limits::external_id_bytes, 1});
  into.collapse_key = from.text("collapse_key", {limits::collapse_key_bytes, 1});
  if (into.collapse_key && !is_visible_ascii(*into.collapse_key))
    from.fail(errc::invalid_field, "collapse_key",
              "A collapse_key travels in headers: visible ASCII characters only.");
  if (auto rate = from.number("rate_per_second", 1, limits::rate_per_second_max))
    into.rate_per_second = static_cast<uint32_t>(*rate);
  if (auto ttl = from.number("ttl_seconds", 1, limits::ttl_seconds_max))
    into.ttl_seconds = static_cast<uint32_t>(*ttl);
  if (auto name = from.text("lane", {32, 1})) {
    auto parsed = parse_lane(*name);
    if (!parsed) from.fail(errc::invalid_field, "lane", "Choose from transactional, campaign.");
    into.lane = parsed.value_or(lane::campaign);
  }
  if (auto name = from.text("duplicates", {32, 1})) {
    if (*name != "avoid" && *name != "allow")
      from.fail(errc::invalid_field, "duplicates", "Choose from avoid, allow.");
    into.allow_duplicates = *name == "allow";
  }
  if (auto launch = from.flag("launch")) into.launch = *launch;
  read_schedule(from, into);
}

void write_counts(json_text& out, const notification& from) {
  auto settled = from.counts.total();
  out.open();
  out.field("audience", from.audience);
  out.field("pending", from.audience > settled ? from.audience - settled : uint64_t{0});
  for (auto each : all_outcomes)
    out.field(to_string(each), from.counts[each]);
  out.field("received", from.received);
  out.field("opened", from.opened);
  out.close();
}

/// The fields of a notification that its client gave, as parse_notification reads them.
void write_draft(json_text& out, const notification_draft& draft) {
  out.field("external_id", draft.external_id);
  out.field("lane", to_string(draft.lane));
  out.key("content");
  write_content(out, draft);
  out.raw("android", draft.android);
  out.raw("apns", draft.apns);
  out.raw("webpush", draft.webpush);
  out.raw("hms", draft.hms);
  out.key("audience");
  write_audience(out, draft.audience);
  out.field("ttl_seconds", draft.ttl_seconds);
  if (draft.rate_per_second > 0) out.field("rate_per_second", draft.rate_per_second);
  out.field("collapse_key", draft.collapse_key);
  out.field("duplicates", draft.allow_duplicates ? "allow" : "avoid");
  write_schedule(out, draft);
}

}  // namespace

result<notification_draft> parse_notification(const rapidjson::Value& body) {
  field_reader from(body, "");
  notification_draft made;
  from.require("content");
  from.require("audience");
  if (const auto* object = from.object("content")) {
    if (auto read = read_content(*object, "/content", made); !read) return read.failure();
  }
  if (const auto* object = from.object("audience")) {
    auto parsed = parse_audience(*object, "/audience");
    if (!parsed) return parsed.failure();
    made.audience = std::move(*parsed);
  }
  for (auto [name, text] : {std::pair("android", &made.android),
                            {"apns", &made.apns},
                            {"webpush", &made.webpush},
                            {"hms", &made.hms}})
    if (const auto* object = from.object(name)) *text = json::to_text(*object);
  read_delivery_options(from, made);
  if (auto done = from.finish(); !done) return done.failure();
  bool has_targets = std::holds_alternative<audience_targets>(made.audience);
  if (auto good = check_wording(message_of(made), has_targets); !good) return good.failure();
  if (says_nothing(made))
    return error{errc::missing_field, "A notification needs a title, a body, data or a platform override.",
                 "/content", 0};
  if (made.lane == lane::transactional &&
      (ids_in(made.audience) == 0 || ids_in(made.audience) > limits::transactional_ids))
    return error{errc::invalid_field,
                 "The transactional lane is for audiences of 1 to " +
                     std::to_string(limits::transactional_ids) + " device_ids, user_ids or targets.",
                 "/lane", 0};
  return made;
}

result<notification_draft> patch_notification(const notification& now, const rapidjson::Value& patch) {
  if (!patch.IsObject()) return error{errc::invalid_field, "A patch is a JSON object.", "", 0};
  if (patch.HasMember("launch"))
    return error{errc::unknown_field, "A patch does not launch; call :launch for that.", "/launch", 0};
  json_text present;
  present.open();
  write_draft(present, now.draft);
  present.close();
  auto merged = json::parse(present.take());
  if (!merged) return merged.failure();
  if (patch.HasMember("audience")) merged->RemoveMember("audience");
  json::merge_patch(*merged, patch, merged->GetAllocator());
  return parse_notification(*merged);
}

void write_notification(json_text& out, const notification& from) {
  out.open();
  out.field("id", from.id);
  out.field("state", to_string(from.state));
  if (!from.reason.empty()) out.field("reason", from.reason);
  write_draft(out, from.draft);
  out.raw("condition_at_launch", from.condition_at_launch);
  out.key("counts");
  write_counts(out, from);
  out.field("fan_out_done", from.fan_out_done);
  out.field("settled", from.settled());
  out.time("created_at", from.created_at);
  out.time("launched_at", from.launched_at);
  out.time("completed_at", from.completed_at);
  out.time("canceled_at", from.canceled_at);
  out.time("next_wave_at", from.next_wave_at);
  out.close();
}

std::string notification_body(const notification& from) {
  json_text out;
  write_notification(out, from);
  return out.take();
}

void write_progress(json_text& out, const notification& from) {
  out.open();
  out.field("id", from.id);
  out.field("state", to_string(from.state));
  out.key("counts");
  write_counts(out, from);
  out.field("fan_out_done", from.fan_out_done);
  out.field("settled", from.settled());
  out.close();
}

void write_delivery(json_text& out, const delivery& from) {
  out.open();
  if (from.device_id.empty())
    out.field("device_deleted", true);
  else
    out.field("device_id", from.device_id);
  out.field("outcome", to_string(from.outcome));
  out.field("attempts", from.attempts);
  if (from.gateway) out.field("gateway", to_string(*from.gateway));
  if (!from.gateway_message_id.empty()) out.field("gateway_message_id", from.gateway_message_id);
  if (!from.code.empty()) out.field("code", from.code);
  out.time("settled_at", from.settled_at);
  out.close();
}

}  // namespace pusher::http
