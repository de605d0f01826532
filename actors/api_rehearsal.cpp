// The part of api_operations that tells what a notification would do, without doing it.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "actors/api_operations.hpp"
#include "model/device_view.hpp"
#include "model/device_wording.hpp"
#include "model/message_wording.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/rehearsal.hpp"

namespace pusher {

namespace {

constexpr size_t most_locales_counted = 5'000;  // distinct ones; the rest is counted together
constexpr size_t most_locales_shown = 100;

/// Counts the devices of an audience as fan-out would sort them.
class audience_tally {
 public:
  audience_tally(const message& content, channel_set reachable)
      : reachable_(reachable), choice_(locales_of(content)) {
    for (const auto& each : content.localizations)
      localizations_.push_back(each.locale);
  }

  void take(const device_row& row) {
    auto& share = gateways_[static_cast<size_t>(row.gateway)];
    ++share.first;
    if (!reachable_.contains(channel_of(row.gateway, row.environment))) ++share.second;
    key_ = row.locale;
    auto known = locales_.find(key_);
    if (known == locales_.end()) {
      if (locales_.size() >= most_locales_counted) {
        ++other_locales_;
        return;
      }
      known = locales_.emplace(key_, 0).first;
    }
    ++known->second;
  }

  void give(http::rehearsal& to) {
    uint64_t skipped = 0;
    for (auto each : all_gateways) {
      auto [count, without_credential] = gateways_[static_cast<size_t>(each)];
      to.count += count;
      skipped += without_credential;
      if (count > 0) to.by_gateway.push_back({to_string(each), count, without_credential});
    }
    if (skipped > 0) to.skipped.push_back({"no_credential", skipped});
    for (auto& [locale, count] : locales_)
      to.by_locale.push_back({locale, words_for(locale), count});
    std::sort(to.by_locale.begin(), to.by_locale.end(), [](const auto& a, const auto& b) {
      return a.count != b.count ? a.count > b.count : a.locale < b.locale;
    });
    to.other_locales = other_locales_;
    while (to.by_locale.size() > most_locales_shown) {
      to.other_locales += to.by_locale.back().count;
      to.by_locale.pop_back();
    }
  }

 private:
  static std::vector<std::string> locales_of(const message& content) {
    std::vector<std::string> all;
    for (const auto& each : content.localizations)
      all.push_back(each.locale);
    return all;
  }
  std::string words_for(const std::string& locale) {
    auto chosen = choice_.of(locale);
    return chosen == 0 ? std::string() : localizations_[chosen - 1];
  }

  const channel_set reachable_;
  locale_choice choice_;
  std::vector<std::string> localizations_;
  std::array<std::pair<uint64_t, uint64_t>, all_gateways.size() + 1> gateways_{};
  std::unordered_map<std::string, uint64_t> locales_;
  uint64_t other_locales_ = 0;
  std::string key_;
};

/// How long so many pushes take at a rate that begins at a tenth and grows for `ramp` seconds.
double seconds_for(double pushes, double per_second, double ramp) {
  auto at_full_rate = pushes / per_second;
  if (ramp <= 0) return at_full_rate;
  if (at_full_rate >= 0.55 * ramp) return at_full_rate + 0.45 * ramp;
  return ramp * (std::sqrt(0.01 + 1.8 * at_full_rate / ramp) - 0.1) / 0.9;
}

/// The condition that an audience is; nothing when it lists ids.
result<std::optional<condition>> condition_of(const audience& to) {
  if (std::holds_alternative<audience_all>(to)) return std::optional(condition());
  const auto* where = std::get_if<audience_condition>(&to);
  const auto* named = std::get_if<audience_segment>(&to);
  if (!where && !named) return std::optional<condition>();
  auto parsed = condition::parse(where ? where->json : R"({"segment":")" + named->name + "\"}");
  if (!parsed) return parsed.failure();
  return std::optional(std::move(*parsed));
}

const std::vector<std::string>& users_of(const audience& to) {
  static const std::vector<std::string> none;
  const auto* users = std::get_if<audience_user_ids>(&to);
  return users ? users->ids : none;
}

bool contains(const std::vector<std::string>& ids, const std::optional<std::string>& id) {
  return id && std::find(ids.begin(), ids.end(), *id) != ids.end();
}

}  // namespace

/// Visits the devices that the notification would be for if it were launched now, page by page.
result<void> api_operations::walk_audience(application_id app, const audience& to, const search& what,
                                           const std::function<void(const device_row&)>& visit) {
  auto ids = named_devices(to);
  const auto& users = users_of(to);
  device_plan plan;
  if (ids.empty() && users.empty()) {
    auto planned = devices_.plan(app, what.where);
    if (!planned) return planned.failure();
    plan = std::move(*planned);
    plan.parts = plan.parts | device_parts::attributes;
  }
  device_reader reader;
  const std::function<void(const device_row&)> judge = [&](const device_row& row) {
    reader.load(row);
    if (what.where.matches(reader, what.range.as_of)) visit(row);
  };
  for (device_key after; after < what.range.last;) {
    auto end = !ids.empty()     ? devices_.scan_device_ids(app, ids, after, what.range.last, {}, judge)
               : !users.empty() ? devices_.scan_user_ids(app, users, after, what.range.last, {}, judge)
                                : devices_.read(app, plan, after, what.range.last, {}, judge);
    if (!end) return end.failure();
    if (end->at_end) break;
    after = end->last;
  }
  return {};
}

result<http::rehearsal> api_operations::rehearse(application_id app, const notification_draft& draft,
                                                 const http::rehearsal_wish& wish) {
  auto where = condition_of(draft.audience);
  if (!where) return where.failure();
  bool is_condition = std::holds_alternative<audience_condition>(draft.audience);
  auto begun =
      begin_search(app, {where->value_or(condition()), is_condition ? "/audience/condition" : "/audience"});
  if (!begun) return begun.failure();
  auto content = message_of(draft);
  content.expires_at = begun->range.as_of + utc_ms{draft.ttl_seconds} * 1000;
  http::rehearsal made;
  made.as_of = begun->range.as_of;
  auto reachable = channels_of(app);
  if (!reachable) return reachable.failure();
  audience_tally tally(content, *reachable);
  auto walked = walk_audience(app, draft.audience, *begun, [&](const device_row& row) { tally.take(row); });
  if (!walked) return walked.failure();
  tally.give(made);
  if (auto estimated = estimate_duration(app, draft, made); !estimated) return estimated.failure();
  auto legacy_fcm = speaks_legacy_fcm(app);
  if (!legacy_fcm) return legacy_fcm.failure();
  if (!wish.device_id) {
    rehearse_locales(content, wish, *reachable, *legacy_fcm, made);
    return made;
  }
  auto found = devices_.get(app, *wish.device_id);
  if (!found && found.failure().code == errc::not_found)
    return error{errc::not_found, "There is no device with this id", "/device_id", 0};
  if (!found) return found.failure();
  rehearse_device(content, draft.audience, *begun, *found, *legacy_fcm, made);
  return made;
}

/// Who sets the pace: the notification's own rate, FCM's quota, else what was seen lately.
result<void> api_operations::estimate_duration(application_id app, const notification_draft& draft,
                                               http::rehearsal& made) {
  auto pushes = [](const http::rehearsal::gateway_share& of) {
    return static_cast<double>(of.count - of.skipped);
  };
  double all = 0, by_fcm = 0;
  for (const auto& each : made.by_gateway) {
    all += pushes(each);
    if (each.gateway == to_string(gateway::fcm)) by_fcm = pushes(each);
  }
  auto slowest = [&](double seconds, double per_second, std::string_view why) {
    if (made.seconds && *made.seconds >= seconds) return;
    made.seconds = seconds;
    made.per_second = per_second;
    made.limited_by = why;
  };
  auto measured = notifications_.measured_speed(app);
  if (!measured) return measured.failure();
  if (*measured) slowest(all / **measured, **measured, "measured");
  if (auto quota = node_->config.fcm.messages_per_minute; quota > 0 && by_fcm > 0)
    slowest(seconds_for(by_fcm, quota / 60.0, node_->config.fcm.ramp_seconds), quota / 60.0,
            "fcm.messages_per_minute");
  // The first second's worth goes at once.
  if (draft.rate_per_second > 0)
    slowest(std::max(0.0, all / draft.rate_per_second - 1), draft.rate_per_second, "rate_per_second");
  return {};
}

result<bool> api_operations::speaks_legacy_fcm(application_id app) {
  auto known = gateways(app);
  if (!known) return known.failure();
  return std::any_of(known->begin(), known->end(),
                     [](const auto& each) { return each.protocol == "fcm-legacy" && each.configured; });
}

void api_operations::rehearse_locales(const message& content, const http::rehearsal_wish& wish,
                                      channel_set reachable, bool legacy_fcm, http::rehearsal& made) const {
  std::vector<std::string> known, locales = wish.locales;
  for (const auto& each : content.localizations)
    known.push_back(each.locale);
  if (locales.empty()) {
    locales = known;
    locales.insert(locales.begin(), "");
  }
  locale_choice choice(known);
  for (auto which : all_gateways) {
    bool counted = std::any_of(made.by_gateway.begin(), made.by_gateway.end(),
                               [&](const auto& each) { return each.gateway == to_string(which); });
    if (!counted && !reachable.contains(channel_of(which, environment::production))) continue;
    for (const auto& locale : locales) {
      auto chosen = choice.of(locale);
      http::rehearsed_payload shown;
      shown.locale = locale;
      if (chosen > 0) shown.localization = known[chosen - 1];
      show_push({which, legacy_fcm, false}, completed(worded(content, chosen), {}), made.as_of, shown);
      made.payloads.push_back(std::move(shown));
    }
  }
}

void api_operations::rehearse_device(const message& content, const audience& to, const search& what,
                                     const stored_device& of, bool legacy_fcm, http::rehearsal& made) const {
  device_reader reader;
  reader.load(row_of(of));
  push_target target;
  device_wording(content, to).describe(reader, target);
  http::rehearsed_payload shown;
  shown.locale = of.value.locale.value_or("");
  if (target.localization > 0) shown.localization = content.localizations[target.localization - 1].locale;
  auto field = fcm_target_of(of.value.push_token).field;
  push_form form{of.value.gateway, legacy_fcm, field == "topic" || field == "condition"};
  show_push(form, completed(worded(content, target.localization), target.values), made.as_of, shown);
  made.payloads.push_back(std::move(shown));
  bool is_listed = std::holds_alternative<audience_user_ids>(to)
                       ? contains(users_of(to), of.value.user_id)
                       : contains(named_devices(to), of.value.device_id);
  bool lists = std::holds_alternative<audience_user_ids>(to) || !named_devices(to).empty();
  made.device_in_audience = of.disabled == disabled_reason::none && !(what.range.last < of.key) &&
                            (lists ? is_listed : what.where.matches(reader, what.range.as_of));
}

void api_operations::show_push(const push_form& form, const message& whole, utc_ms now,
                               http::rehearsed_payload& shown) {
  shown.gateway = to_string(form.gateway);
  auto push = rehearse_push(form, whole, now);
  if (!push) {
    shown.fault = push.failure().detail;
    return;
  }
  shown.payload = std::move(push->json);
  shown.bytes = push->bytes;
  shown.limit = push->limit;
  shown.shortened = push->shortened;
}

}  // namespace pusher
