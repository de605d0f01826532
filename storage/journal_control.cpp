// The part of the journal that steers what was launched: pauses, cancellations and rates.
#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr uint64_t most_released = 100;   // held batches in one step
constexpr uint64_t most_hastened = 1000;  // put-aside jobs that one step looks at

}  // namespace

result<void> journal::set_control(notification_key key, std::optional<control> value) {
  auto reply = run(scripts::set_control, {keys_.control},
                   {std::to_string(key.value), std::to_string(value ? static_cast<uint64_t>(*value) : 0)});
  if (!reply) return reply.failure();
  return {};
}

result<journal::controls> journal::load_controls() {
  auto reply = redis_.command({"HGETALL", keys_.control});
  if (!reply) return reply.failure();
  controls found;
  for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
    auto value = number_in(reply->items[i + 1]);
    if (reply->items[i].text == "version")
      found.version = value;
    else if (value >= 1 && value <= 3)
      found.of[{number_in(reply->items[i])}] = static_cast<control>(value);
  }
  control_version_ = found.version;
  return found;
}

result<void> journal::release_held(notification_key key) {
  for (;;) {
    auto reply = run(scripts::release_held, {keys_.control, keys_.held(key)},
                     {std::to_string(key.value), keys_.push_prefix, std::to_string(most_released)});
    if (!reply) return reply.failure();
    if (reply->items.size() < 3 || number_in(reply->items[2]) == 0) return {};
  }
}

result<void> journal::hasten(notification_key key) {
  std::string place = "0";
  do {
    auto reply = run(scripts::hasten, {keys_.later},
                     {std::to_string(key.value), place, std::to_string(most_hastened)});
    if (!reply) return reply.failure();
    if (reply->items.size() < 3) return {};
    place = reply->items[2].text;
  } while (place != "0");
  return {};
}

// -- rates --

result<journal::granted> journal::take_rate(const std::string& credential, uint32_t per_minute,
                                            uint32_t ramp_seconds, uint64_t wanted) {
  auto reply = run(scripts::take_rate, {keys_.rate(credential)},
                   {std::to_string(per_minute), std::to_string(ramp_seconds), std::to_string(wanted)});
  if (!reply) return reply.failure();
  granted made;
  if (reply->items.size() > 2) {
    made.pushes = number_in(reply->items[1]);
    made.wait_ms = static_cast<uint32_t>(number_in(reply->items[2]));
  }
  return made;
}

result<utc_ms> journal::reserve_rate(notification_key key, uint32_t per_second, size_t pushes) {
  auto reply =
      run(scripts::reserve_rate, {keys_.fan_out(key)}, {std::to_string(per_second), std::to_string(pushes)});
  if (!reply) return reply.failure();
  return reply->items.size() > 1 ? static_cast<utc_ms>(number_in(reply->items[1])) : utc_ms{0};
}

}  // namespace pusher
