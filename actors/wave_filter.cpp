#include "actors/wave_filter.hpp"

#include <algorithm>

namespace pusher {

namespace {
constexpr size_t most_zones = 2000;  // a device may bring any text; the database has about 600 names
}

wave_filter::wave_filter(fan_out_wave wave, utc_ms launched_at)
    : wave_(std::move(wave)),
      launched_at_(launched_at),
      of_default_(judge(moment_in(wave_.default_time_zone, wave_.local_time).value_or(launched_at))) {}

wave_filter::judgement wave_filter::judge(utc_ms moment) const {
  if (moment <= wave_.from || moment > wave_.due) return judgement::not_now;
  return moment + wave_.grace_ms < launched_at_ ? judgement::too_late : judgement::now;
}

wave_filter::judgement wave_filter::of(std::string_view zone) {
  if (zone.empty()) return of_default_;
  if (auto known = known_.find(zone); known != known_.end()) return known->second;
  auto moment = moment_in(zone, wave_.local_time);
  auto made = moment ? judge(*moment) : of_default_;
  if (known_.size() < most_zones) known_.emplace(zone, made);
  return made;
}

std::optional<utc_ms> wave_filter::next_due() const {
  auto moments = moments_of(wave_.local_time);
  auto next = std::upper_bound(moments.begin(), moments.end(), wave_.due);
  return next == moments.end() ? std::nullopt : std::optional(*next);
}

}  // namespace pusher
