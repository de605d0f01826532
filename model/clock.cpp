#include "model/clock.hpp"

#include "model/clock_us.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>

namespace pusher {

namespace {

constexpr int64_t ms_per_day = 86'400'000;

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
int64_t days_of(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  auto era = (year >= 0 ? year : year - 399) / 400;
  auto year_of_era = static_cast<unsigned>(year - era * 400);
  auto day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

struct date {
  int64_t year;
  unsigned month, day;
};

date date_of(int64_t days) {
  days += 719'468;
  auto era = (days >= 0 ? days : days - 146'096) / 146'097;
  auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto shifted = (5 * day_of_year + 2) / 153;
  auto month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

unsigned days_in(int64_t year, unsigned month) {
  if (month == 2) return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/// Reads fixed-width fields from the front of a text; after a fault everything fails.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {}
  unsigned digits(size_t count) {
    unsigned value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return ok_ = false, 0;
      value = value * 10 + static_cast<unsigned>(rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  char any(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_[0]) == std::string_view::npos) return ok_ = false, '\0';
    char found = rest_[0];
    rest_.remove_prefix(1);
    return found;
  }
  bool next_is(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool next_is_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool ok() const { return ok_; }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

template <class Clock>
int64_t ms_of() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
}

/// What the time of day is more than the clock that nobody sets.
std::atomic<int64_t>& ahead_of_steady() {
  static std::atomic<int64_t> ahead = ms_of<std::chrono::system_clock>() - ms_of<std::chrono::steady_clock>();
  return ahead;
}

}  // namespace

utc_ms now_ms() {
  return ms_of<std::chrono::steady_clock>() + ahead_of_steady().load(std::memory_order_relaxed);
}

int64_t now_us() {
  using namespace std::chrono;
  auto steady = duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
  return steady + ahead_of_steady().load(std::memory_order_relaxed) * 1000;
}

int64_t steady_ms() {
  return ms_of<std::chrono::steady_clock>();
}

int64_t follow_clock(utc_ms theirs, int64_t asked_at_ms) {
  auto uncertain = steady_ms() - asked_at_ms;
  auto difference = theirs - now_ms();
  // Half of the wait is the answer's way; smaller differences are no reason to let time leap.
  if (uncertain > shortest_leap_ms || std::abs(difference) <= shortest_leap_ms) return 0;
  ahead_of_steady() += difference;
  return difference;
}

std::string to_rfc3339(utc_ms time) {
  auto days = time / ms_per_day - (time % ms_per_day < 0);
  auto ms = time - days * ms_per_day;
  auto d = date_of(days);
  std::string text = "0000-00-00T00:00:00.000Z";
  auto put = [&](size_t at, size_t digits, int64_t value) {
    for (auto i = at + digits; i-- > at; value /= 10)
      text[i] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, d.year);
  put(5, 2, d.month);
  put(8, 2, d.day);
  put(11, 2, ms / 3'600'000);
  put(14, 2, ms / 60'000 % 60);
  put(17, 2, ms / 1000 % 60);
  put(20, 3, ms % 1000);
  return text;
}

std::string to_rfc3339_us(int64_t time_us) {
  auto text = to_rfc3339(time_us / 1000);
  auto rest = std::to_string(1000 + time_us % 1000);
  return text.insert(text.size() - 1, rest, 1, 3);
}

std::optional<utc_ms> parse_rfc3339(std::string_view text) {
  scanner in(text);
  auto year = in.digits(4);
  in.any("-");
  auto month = in.digits(2);
  in.any("-");
  auto day = in.digits(2);
  in.any("Tt ");
  auto hour = in.digits(2);
  in.any(":");
  auto minute = in.digits(2);
  in.any(":");
  auto second = in.digits(2);
  unsigned ms = 0;
  if (in.next_is('.')) {
    in.any(".");
    if (!in.next_is_digit()) return std::nullopt;
    for (unsigned scale = 100, places = 0; in.next_is_digit(); scale /= 10) {
      if (++places > 9) return std::nullopt;
      ms += in.digits(1) * scale;
    }
  }
  char sign = in.any("Zz+-");
  int offset_minutes = 0;
  if (sign == '+' || sign == '-') {
    auto hours = in.digits(2);
    in.any(":");
    auto minutes = in.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = static_cast<int>(hours * 60 + minutes) * (sign == '+' ? 1 : -1);
  }
  if (!in.finished() || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
      minute > 59 || second > 60)
    return std::nullopt;
  auto seconds = int64_t{hour} * 3600 + minute * 60 + second - int64_t{offset_minutes} * 60;
  return days_of(year, month, day) * ms_per_day + seconds * 1000 + ms;
}

}  // namespace pusher
