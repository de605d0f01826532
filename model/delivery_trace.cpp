#include "model/delivery_trace.hpp"

#include <algorithm>

#include "model/device_view.hpp"

namespace pusher {

namespace {

using kind = delivery_verdict::kind;

std::string sentence_of(outcome value) {
  switch (value) {
    case outcome::accepted:
      return "The gateway took the push; what it does with it from then on it does not say";
    case outcome::unregistered:
      return "The gateway calls the device's token dead: the app was removed, or has another token by now";
    case outcome::rejected:
      return "The gateway refused the push for good";
    case outcome::failed:
      return "The gateway did not take the push in any of the attempts";
    case outcome::expired:
      return "Its time-to-live ended before the push could be sent";
    case outcome::canceled:
      return "The notification was canceled before the push was sent";
    case outcome::skipped:
      return "It was not sent, by a rule";
    case outcome::unknown:
      return "The push was sent and no answer came: it may have arrived or not, and was not sent again so "
             "that "
             "nobody gets it twice";
  }
  return "";
}

delivery_verdict settled(const delivery& row, std::string_view meaning) {
  delivery_verdict made{kind::settled, std::string(to_string(row.outcome)), sentence_of(row.outcome), {}};
  if (row.outcome == outcome::skipped && row.code == "no_credential")
    meaning = "there was no credential for the device's gateway";
  if (!row.code.empty()) made.explanation += " (" + row.code + ")";
  if (!meaning.empty()) made.explanation += ": " + std::string(meaning);
  made.explanation += ".";
  return made;
}

delivery_verdict say(kind status, const char* reason, std::string explanation) {
  return {status, reason, std::move(explanation), {}};
}

bool named(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

std::optional<delivery_verdict> condition_not_met(const delivery_trace& of, const std::string& json) {
  auto parsed = condition::parse(json);
  if (!parsed) return std::nullopt;
  device_reader reader;
  reader.load(row_of(of.device));
  auto unmet = find_unmet_part(*parsed, reader, of.target.launched_at);
  if (!unmet) return std::nullopt;
  auto made = say(kind::not_targeted, "condition_not_met",
                  unmet->negated
                      ? "By what the device is now, it meets a part of the condition that it must not meet."
                      : "By what the device is now, it does not meet this part of the condition.");
  made.unmet = std::move(unmet);
  return made;
}

/// Why the audience, as the notification describes it, does not have the device.
std::optional<delivery_verdict> outside(const delivery_trace& of) {
  const auto& wanted = of.target.draft.audience;
  if (const auto* ids = std::get_if<audience_device_ids>(&wanted))
    if (!named(ids->ids, of.device.value.device_id))
      return say(kind::not_targeted, "not_listed", "The audience's device_ids do not have the device.");
  if (const auto* ids = std::get_if<audience_user_ids>(&wanted))
    if (!named(ids->ids, of.device.value.user_id.value_or("")))
      return say(kind::not_targeted, "not_listed", "The audience's user_ids do not have the device's user.");
  if (const auto* listed = std::get_if<audience_targets>(&wanted))
    if (std::none_of(listed->targets.begin(), listed->targets.end(),
                     [&](const auto& each) { return each.device_id == of.device.value.device_id; }))
      return say(kind::not_targeted, "not_listed", "The audience's targets do not have the device.");
  if (!of.target.condition_at_launch.empty()) return condition_not_met(of, of.target.condition_at_launch);
  if (const auto* where = std::get_if<audience_condition>(&wanted)) return condition_not_met(of, where->json);
  return std::nullopt;
}

std::string disabled_sentence(const stored_device& device) {
  return (device.disabled == disabled_reason::token_moved ? "The device's token moved to another device at "
                                                          : "A gateway called the device's token dead at ") +
         to_rfc3339(device.disabled_at) + "; a disabled device is in no audience until it registers again.";
}

delivery_verdict before_launch(const notification& target) {
  if (target.state == notification_state::scheduled)
    return say(kind::not_launched, "scheduled",
               "The notification is scheduled for " + to_rfc3339(target.draft.scheduled_at) + ".");
  if (target.state == notification_state::canceled)
    return say(kind::not_targeted, "canceled", "The notification was canceled before it was launched.");
  if (target.state == notification_state::expired)
    return say(kind::not_targeted, "expired", "The notification was never launched: " + target.reason + ".");
  return say(kind::not_launched, "draft", "The notification is a draft: it was not launched.");
}

delivery_verdict pending(const delivery_trace& of) {
  const auto& target = of.target;
  if (target.state == notification_state::paused)
    return say(kind::pending, "paused", "The notification is paused; resume it to go on.");
  if (!target.fan_out_done && target.draft.local_time)
    return say(
        kind::pending, "waits_for_local_time",
        "It goes out when the clock in the device's time zone shows the time, or is on its way just now.");
  if (!target.fan_out_done && !of.passed_by_fan_out)
    return say(kind::pending, "not_reached",
               "The notification's audience is still being read and has not come to the device.");
  if (of.waits)
    return say(kind::pending, "waits_for_retry",
               "The gateway did not take it in " + std::to_string(of.waits->attempts) +
                   " attempts; it is tried again at " + to_rfc3339(of.waits->due_at) + ".");
  return say(kind::pending, "under_way",
             "The push is in the journal, or sent and its answer not recorded yet.");
}

}  // namespace

std::string_view to_string(delivery_verdict::kind value) {
  switch (value) {
    case kind::settled:
      return "settled";
    case kind::pending:
      return "pending";
    case kind::not_targeted:
      return "not_targeted";
    case kind::not_launched:
      return "not_launched";
  }
  return "settled";
}

delivery_verdict judge(const delivery_trace& of, std::string_view meaning) {
  const auto& target = of.target;
  if (of.settled) return settled(*of.settled, meaning);
  if (target.launched_at == 0) return before_launch(target);
  if (of.last_device < of.device.key)
    return say(kind::not_targeted, "registered_later",
               "The device was registered for the first time after the launch.");
  if (auto why = outside(of)) return *why;
  // One that was disabled later may have a push under way.
  bool may_be_pending =
      !target.settled() && of.passed_by_fan_out && of.device.disabled_at > target.launched_at;
  if (of.device.disabled != disabled_reason::none && !may_be_pending)
    return say(kind::not_targeted, "disabled", disabled_sentence(of.device));
  if (target.settled())
    return target.state == notification_state::canceled
               ? say(kind::not_targeted, "canceled",
                     "The notification was canceled before it came to the device.")
               : say(kind::not_targeted, "not_matched_then",
                     "The device is as the audience asks for now; when the audience was read it was not, or "
                     "it "
                     "was disabled.");
  return pending(of);
}

}  // namespace pusher
