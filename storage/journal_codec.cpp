#include "storage/journal_codec.hpp"

#include <algorithm>
#include <optional>

#include "storage/byte_codec.hpp"

namespace pusher {

namespace {

// First byte: what it is. Second byte: version of its layout.
constexpr char push_mark = 'P', result_mark = 'R', message_mark = 'M', progress_mark = 'G';
constexpr char version = 3;

// Flags of a target and of a result.
constexpr uint8_t target_switched = 1, target_has_keys = 2, target_is_localized = 4, target_has_values = 8;
constexpr uint8_t target_flags = 15;
constexpr uint8_t found_elsewhere = 0x80, token_replaced = 0x40;

struct writer : byte_writer {
  explicit writer(char mark, size_t size_hint = 64) : byte_writer(mark, version, size_hint) {}
};
struct reader : byte_reader {
  reader(std::string_view bytes, char mark) : byte_reader(bytes, mark, version) {}
};

void put(writer& out, const content& said) {
  for (const auto* field :
       {&said.title, &said.body, &said.image_url, &said.icon_url, &said.deep_link, &said.sound})
    out.text(*field);
  out.text(said.badge ? std::optional(std::to_string(*said.badge)) : std::nullopt);
  out.number(said.data.size());
  for (const auto& [name, text] : said.data) {
    out.text(std::string_view(name));
    out.text(std::string_view(text));
  }
}

void get(reader& in, content& said) {
  for (auto* field : {&said.title, &said.body, &said.image_url, &said.icon_url, &said.deep_link, &said.sound})
    *field = in.optional_text();
  if (auto badge = in.optional_text()) said.badge = std::atoi(badge->c_str());
  for (auto left = in.count(2); left > 0 && in.ok(); --left) {
    auto name = in.text();
    said.data[std::move(name)] = in.text();
  }
}

error corrupt(const char* what) {
  return {errc::corrupt_data, std::string("a journal entry is not a readable ") + what, "", 0};
}

}  // namespace

std::string encode(const push_batch& batch) {
  writer out(push_mark, 32 + batch.targets.size() * 180);
  out.number(batch.notification.value);
  out.time(batch.expires_at);
  out.byte(batch.retries);
  out.number(batch.rate_per_second);
  out.time(batch.reserved_at);
  out.number(batch.targets.size());
  for (const auto& target : batch.targets) {
    out.number(target.device.value);
    out.byte(target.attempts);
    out.byte(static_cast<uint8_t>((target.switched ? target_switched : 0) |
                                  (target.subscription_keys.empty() ? 0 : target_has_keys) |
                                  (target.localization == 0 ? 0 : target_is_localized) |
                                  (target.values.empty() ? 0 : target_has_values)));
    out.text(std::string_view(target.push_token));
    if (!target.subscription_keys.empty()) out.text(std::string_view(target.subscription_keys));
    if (target.localization != 0) out.number(target.localization);
    if (target.values.empty()) continue;
    out.number(target.values.size());
    for (const auto& value : target.values)
      out.text(std::string_view(value));
  }
  return out.take();
}

result<push_batch> decode_push_batch(std::string_view bytes) {
  reader in(bytes, push_mark);
  push_batch batch;
  batch.notification = {in.number()};
  batch.expires_at = in.time();
  batch.retries = in.byte();
  batch.rate_per_second = static_cast<uint32_t>(in.number());
  batch.reserved_at = in.time();
  batch.targets.resize(in.count(4));
  for (auto& target : batch.targets) {
    target.device = {in.number()};
    target.attempts = in.byte();
    auto flags = in.byte();
    if ((flags & ~target_flags) != 0) in.fail();
    target.switched = (flags & target_switched) != 0;
    target.push_token = in.text();
    if ((flags & target_has_keys) != 0) target.subscription_keys = in.text();
    if ((flags & target_is_localized) != 0) target.localization = static_cast<uint16_t>(in.number());
    if ((flags & target_has_values) != 0) target.values.resize(in.count(1));
    for (auto& value : target.values)
      value = in.text();
  }
  if (!in.finished() || batch.targets.empty()) return corrupt("push batch");
  return batch;
}

std::string encode(const result_batch& batch) {
  writer out(result_mark, 32 + batch.results.size() * 48);
  out.number(batch.notification.value);
  out.byte(batch.gateway ? static_cast<uint8_t>(*batch.gateway) : 0);
  out.byte(static_cast<uint8_t>(batch.environment));
  out.number(batch.results.size());
  for (const auto& each : batch.results) {
    out.number(each.device.value);
    out.byte(static_cast<uint8_t>(static_cast<uint8_t>(each.outcome) | (each.found_in ? found_elsewhere : 0) |
                                  (each.replacement_token.empty() ? 0 : token_replaced)));
    out.byte(each.attempts);
    out.time(each.settled_at);
    out.text(std::string_view(each.code));
    out.text(std::string_view(each.gateway_message_id));
    if (each.outcome == outcome::unregistered) out.time(each.unregistered_at);
    if (each.found_in) out.byte(static_cast<uint8_t>(*each.found_in));
    if (!each.replacement_token.empty()) out.text(std::string_view(each.replacement_token));
    if (each.outcome == outcome::unregistered || each.found_in || !each.replacement_token.empty())
      out.raw(each.token);
  }
  return out.take();
}

result<result_batch> decode_result_batch(std::string_view bytes) {
  reader in(bytes, result_mark);
  result_batch batch;
  batch.notification = {in.number()};
  auto through = in.byte();
  auto environment_number = in.byte();
  if (through > static_cast<uint8_t>(gateway::hms) || environment_number < 1 || environment_number > 2)
    in.fail();
  if (through != 0) batch.gateway = static_cast<gateway>(through);
  batch.environment = static_cast<environment>(environment_number);
  batch.results.resize(in.count(6));
  for (auto& each : batch.results) {
    each.device = {in.number()};
    auto first = in.byte();
    auto known = outcome_from_number(static_cast<uint8_t>(first & ~(found_elsewhere | token_replaced)));
    if (!known) in.fail();
    each.outcome = known.value_or(outcome::unknown);
    each.attempts = in.byte();
    each.settled_at = in.time();
    each.code = in.text();
    each.gateway_message_id = in.text();
    if (each.outcome == outcome::unregistered) each.unregistered_at = in.time();
    if ((first & found_elsewhere) != 0) {
      auto found = in.byte();
      if (found != 1 && found != 2) in.fail();
      each.found_in = static_cast<environment>(found);
    }
    if ((first & token_replaced) != 0) each.replacement_token = in.text();
    if (each.outcome == outcome::unregistered || (first & (found_elsewhere | token_replaced)) != 0)
      each.token = in.raw();
  }
  if (!in.finished()) return corrupt("result batch");
  return batch;
}

std::string encode(const message& value) {
  writer out(message_mark, 512);
  out.number(value.key.value);
  put(out, value.content);
  out.number(value.localizations.size());
  for (const auto& each : value.localizations) {
    out.text(std::string_view(each.locale));
    put(out, each.content);
  }
  for (const auto* json : {&value.android, &value.apns, &value.webpush, &value.hms})
    out.text(std::string_view(*json));
  out.text(value.collapse_key);
  out.number(value.rate_per_second);
  out.time(value.expires_at);
  out.byte(value.allow_duplicates ? 1 : 0);
  out.number(value.variables.size());
  for (const auto& each : value.variables) {
    out.byte(static_cast<uint8_t>(each.source));
    out.text(std::string_view(each.name));
  }
  // Last, so that what is not traced takes no byte more.
  if (!value.trace_parent.empty()) out.text(std::string_view(value.trace_parent));
  return out.take();
}

result<message> decode_message(std::string_view bytes) {
  reader in(bytes, message_mark);
  message value;
  value.key = {in.number()};
  get(in, value.content);
  value.localizations.resize(in.count(8));
  for (auto& each : value.localizations) {
    each.locale = in.text();
    get(in, each.content);
  }
  for (auto* json : {&value.android, &value.apns, &value.webpush, &value.hms})
    *json = in.text();
  value.collapse_key = in.optional_text();
  value.rate_per_second = static_cast<uint32_t>(in.number());
  value.expires_at = in.time();
  value.allow_duplicates = in.byte() != 0;
  value.variables.resize(in.count(2));
  for (auto& each : value.variables) {
    auto source = in.byte();
    if (source < 1 || source > static_cast<uint8_t>(variable_source::target)) in.fail();
    each.source = static_cast<variable_source>(source);
    each.name = in.text();
  }
  if (in.ok() && !in.finished()) {
    value.trace_parent = in.text();
    if (value.trace_parent.empty()) in.fail();
  }
  if (!in.finished()) return corrupt("message");
  return value;
}

std::string encode(const batch_progress& progress) {
  writer out(progress_mark, 16 + progress.done.size() / 8 + progress.retries.size() * 24);
  out.number(progress.done.size());
  for (size_t i = 0; i < progress.done.size(); i += 8) {
    uint8_t bits = 0;
    for (size_t j = i; j < std::min(i + 8, progress.done.size()); ++j)
      if (progress.done[j]) bits = static_cast<uint8_t>(bits | (1U << (j - i)));
    out.byte(bits);
  }
  out.number(progress.retries.size());
  for (const auto& each : progress.retries) {
    out.number(each.target);
    out.byte(each.attempts);
    out.time(each.due_at);
    out.text(std::string_view(each.code));
  }
  return out.take();
}

result<batch_progress> decode_batch_progress(std::string_view bytes) {
  reader in(bytes, progress_mark);
  batch_progress progress;
  auto targets = in.number();
  if (targets > bytes.size() * 8) in.fail();
  if (in.ok()) progress.done.resize(static_cast<size_t>(targets));
  for (size_t i = 0; i < progress.done.size() && in.ok(); i += 8) {
    auto bits = in.byte();
    for (size_t j = i; j < std::min(i + 8, progress.done.size()); ++j)
      progress.done[j] = (bits >> (j - i)) & 1;
  }
  progress.retries.resize(in.count(4));
  for (auto& each : progress.retries) {
    each.target = static_cast<uint32_t>(in.number());
    each.attempts = in.byte();
    each.due_at = in.time();
    each.code = in.text();
    if (each.target >= progress.done.size()) in.fail();
  }
  if (!in.finished()) return corrupt("progress record");
  return progress;
}

}  // namespace pusher
