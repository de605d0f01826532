// Where one target of a notification is. Looked for when someone asks why, never in the course of sending.
#include <cstdlib>

#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"

namespace pusher {

namespace {

constexpr int most_scans = 50;  // of a few hundred put-aside batches each

/// What a put-aside batch says of the device.
std::optional<uint8_t> attempts_in(const std::string& job, device_key device) {
  auto cut = job.find('\n');
  if (cut == std::string::npos) return std::nullopt;
  auto batch = decode_push_batch(std::string_view(job).substr(cut + 1));
  if (!batch) return std::nullopt;
  for (const auto& each : batch->targets)
    if (each.device == device) return each.attempts;
  return std::nullopt;
}

}  // namespace

result<journal::whereabouts> journal::locate(notification_key notification, device_key device) {
  whereabouts found;
  auto state = redis_.command({"HMGET", keys_.fan_out(notification), "cursor", "start"});
  if (!state) return state.failure();
  if (state->items.size() == 2 && !state->items[0].is_nil()) {
    found.fan_out_begun = true;
    found.fan_out_position = number_in(state->items[0]);
    found.fan_out_start = {number_in(state->items[1])};
  }
  std::string scanned = "0";
  for (int scan = 0; scan < most_scans; ++scan) {
    auto some = redis_.command({"HSCAN", keys_.later_jobs, scanned, "MATCH",
                                std::to_string(notification.value) + ":*", "COUNT", "300"});
    if (!some) return some.failure();
    if (some->items.size() != 2) break;
    scanned = some->items[0].text;
    const auto& fields = some->items[1].items;
    for (size_t i = 0; i + 1 < fields.size(); i += 2) {
      auto attempts = attempts_in(fields[i + 1].text, device);
      if (!attempts) continue;
      auto due = redis_.command({"ZSCORE", keys_.later, fields[i].text});
      if (!due) return due.failure();
      found.retry = whereabouts::put_aside_target{
          *attempts, static_cast<utc_ms>(std::strtod(due->text.c_str(), nullptr))};
      return found;
    }
    if (scanned == "0") break;
  }
  return found;
}

}  // namespace pusher
