// Values of properties, and the many ways in which they may be written.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "condition_generator.hpp"
#include "condition_words.hpp"

namespace pusher::oracle {

namespace {

constexpr int64_t day = 86'400'000;

// Proleptic Gregorian calendar by counting, without the algorithms that the engine may use.
struct date {
  int64_t year, month, day;
};

bool leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

date date_of(int64_t days_since_1970) {
  int64_t left = days_since_1970 + 719'528;  // days from 0000-01-01 to 1970-01-01
  int64_t year = left / 146'097 * 400;
  left %= 146'097;
  while (left >= (leap(year) ? 366 : 365))
    left -= leap(year++) ? 366 : 365;
  for (int64_t month = 1;; ++month) {
    int64_t length = month == 2                                              ? (leap(year) ? 29 : 28)
                     : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                             : 31;
    if (left < length) return {year, month, left + 1};
    left -= length;
  }
}

constexpr int64_t year_0000 = -62'167'219'200'000;
constexpr int64_t year_10000 = 253'402'300'800'000;

std::string with_commas(const std::vector<std::string>& parts) {
  std::string joined;
  for (const auto& part : parts)
    joined += (joined.empty() ? "" : ",") + part;
  return joined;
}

}  // namespace

std::string generator::quoted(const std::string& text) {
  unsigned escaping = chance(50) ? 0 : chance(50) ? 30 : 100;
  std::string json = "\"";
  auto append_unit = [&](unsigned unit) {
    char hex[8];
    std::snprintf(hex, sizeof hex, chance(50) ? "\\u%04x" : "\\u%04X", unit);
    json += hex;
  };
  size_t at = 0;
  for (char32_t point : code_points(text)) {
    size_t bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const std::string shorts = "\"\\/\b\f\n\r\t", letters = "\"\\/bfnrt";
    auto known = point < 0x80 ? shorts.find(static_cast<char>(point)) : std::string::npos;
    bool must = point < 0x20 || point == '"' || point == '\\';
    if (known != std::string::npos && (must || chance(escaping)) && chance(70)) {
      json += "\\"s + letters[known];
    } else if (!must && !chance(escaping)) {
      json += text.substr(at, bytes);
    } else if (point < 0x10000) {
      append_unit(static_cast<unsigned>(point));
    } else {
      append_unit(0xD800U + static_cast<unsigned>((point - 0x10000) >> 10));
      append_unit(0xDC00U + static_cast<unsigned>((point - 0x10000) & 0x3FFU));
    }
    at += bytes;
  }
  return json + "\"";
}

std::string generator::any_text() {
  if (chance(15)) return any_version();
  return chance(10) ? one_of(texts) + one_of(texts) : one_of(texts);
}

std::string generator::any_version() {
  return chance(80) ? one_of(versions) : one_of(no_versions);
}

std::string generator::any_number_literal() {
  if (chance(70)) return one_of(numbers);
  if (chance(50)) return std::to_string(static_cast<int64_t>(random_() >> below(64)) * (chance(50) ? 1 : -1));
  char literal[64];
  std::snprintf(literal, sizeof literal, chance(50) ? "%.17g" : "%.3f",
                static_cast<double>(below(100'000)) / 1000.0);
  return literal;
}

int64_t generator::any_ms(int64_t as_of) {
  auto nudge = [&] { return static_cast<int64_t>(below(5)) - 2; };
  switch (below(10)) {
    case 0:
      return as_of + nudge();
    case 1:
    case 2:
    case 3:
      return as_of - std::llround(one_of(whole_days).first * day) + nudge();
    case 4:
      return as_of + static_cast<int64_t>(below(400 * day)) - 200 * day;
    case 5:
      return as_of / 1000 * 1000 - static_cast<int64_t>(below(100)) * day;
    case 6:
      return nudge();
    case 7:
      return one_of(std::vector<int64_t>{year_0000, year_0000 + 1, year_10000 - 1, year_10000 - 1000,
                                         951'782'400'000 /* 29 Feb 2000 */, 951'868'799'999,
                                         4'107'542'400'000, -2'208'988'800'001 /* before 1900 */,
                                         2'147'483'647'000, 2'147'483'648'000});
    default:
      return as_of - static_cast<int64_t>(below(40 * day));
  }
}

std::string generator::rfc3339(int64_t ms) {
  int64_t offset = chance(50) ? 0 : static_cast<int64_t>(below(48 * 60 - 1)) - 24 * 60 + 1;  // minutes
  if (chance(60)) offset = offset / 30 * 30;
  int64_t local = ms + offset * 60'000;
  if (local < year_0000 || local >= year_10000) {
    offset = 0;
    local = ms;
  }
  int64_t since = local - year_0000;
  auto on = date_of(since / day - 719'528);
  int64_t of_day = since % day;
  char written[64];
  std::snprintf(written, sizeof written, "%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(on.year),
                static_cast<int>(on.month), static_cast<int>(on.day), static_cast<int>(of_day / 3'600'000),
                static_cast<int>(of_day / 60'000 % 60), static_cast<int>(of_day / 1000 % 60));
  std::string text = written;
  int64_t fraction = of_day % 1000;
  if (fraction != 0 || chance(30)) {
    std::snprintf(written, sizeof written, ".%03d", static_cast<int>(fraction));
    text += written;
    if (chance(30)) {
      for (uint64_t more = below(6) + 1; more > 0; --more)
        text += static_cast<char>('0' + below(10));
    } else {
      while (text.back() == '0' && text[text.size() - 2] != '.' && chance(50))
        text.pop_back();
    }
  }
  if (offset == 0 && chance(80)) return text + "Z";
  std::snprintf(written, sizeof written, "%c%02d:%02d", offset < 0 || (offset == 0 && chance(30)) ? '-' : '+',
                static_cast<int>(std::abs(offset) / 60), static_cast<int>(std::abs(offset) % 60));
  return text + written;
}

value generator::time(int64_t ms, bool plain) {
  std::string json = quoted(rfc3339(ms));
  return {instant{ms}, plain ? json : "{\"time\":" + json + "}"};
}

value generator::list() {
  std::vector<std::string> elements, written;
  for (uint64_t count = chance(15) ? 0 : below(5) + 1; count > 0; --count) {
    elements.push_back(any_text());
    written.push_back(quoted(elements.back()));
  }
  return {elements, "[" + with_commas(written) + "]"};
}

value generator::any_value(size_t type, int64_t as_of) {
  switch (type) {
    case 0:
      return text(any_text());
    case 1:
      return numeric(any_number_literal());
    case 2:
      return chance(50) ? value{true, "true"} : value{false, "false"};
    case 3:
      return time(any_ms(as_of));
    default:
      return list();
  }
}

value generator::written_anew(const value& has, bool plain_time) {
  if (const auto* is = std::get_if<std::string>(&has.is)) return text(*is);
  if (const auto* is = std::get_if<instant>(&has.is)) return time(is->ms, plain_time);
  return has;
}

/// An operand that is the value, or only just not.
value generator::near(const value& has, int64_t as_of, bool attribute) {
  const auto* elements = std::get_if<std::vector<std::string>>(&has.is);
  if (elements != nullptr)
    return elements->empty() || chance(20) ? text(any_text())
                                           : near(text(one_of(*elements)), as_of, attribute);
  bool plain = attribute && chance(50);
  if (chance(55)) return written_anew(has, plain);
  if (!attribute && chance(10)) return any_value(below(4), as_of);
  if (const auto* is = std::get_if<std::string>(&has.is)) {
    auto points = code_points(*is);
    switch (below(5)) {
      case 0:
        return text(*is + one_of(std::vector<std::string>{" ", "a", "\u0301", "0", "\0"s}));
      case 1:
        while (!points.empty() && points.size() > below(points.size() + 1))
          points.pop_back();
        break;
      case 2: {
        std::string cased = *is;
        for (char& c : cased)
          if (static_cast<unsigned char>(c) < 0x80 && std::isalpha(static_cast<unsigned char>(c)) != 0)
            c = static_cast<char>(c ^ 0x20);
        return text(cased);
      }
      case 3:
        if (!points.empty()) points.erase(0, 1);
        break;
      default:
        return text(any_text());
    }
    std::string cut;
    for (char32_t point : points) {
      size_t at = 0;
      for (char32_t other : code_points(*is)) {
        size_t bytes = other < 0x80 ? 1 : other < 0x800 ? 2 : other < 0x10000 ? 3 : 4;
        if (other == point) {
          cut += is->substr(at, bytes);
          break;
        }
        at += bytes;
      }
    }
    return text(cut);
  }
  if (const auto* is = std::get_if<instant>(&has.is))
    return time(std::clamp(is->ms + static_cast<int64_t>(below(3)) - 1, year_0000, year_10000 - 1), plain);
  if (const auto* is = std::get_if<number>(&has.is)) {
    if (!is->whole || chance(30)) {
      double moved = chance(40) ? is->nearest : std::nextafter(is->nearest, chance(50) ? -1e308 : 1e308);
      char literal[40];
      std::snprintf(literal, sizeof literal, "%.17g", moved);
      return std::isfinite(moved) ? numeric(literal) : has;
    }
    uint64_t moved = chance(50) ? is->magnitude + 1 : is->magnitude - 1;
    if (moved > is->magnitude + 1 || (moved == 0 && is->magnitude != 1)) return has;
    return chance(10) ? text(std::to_string(is->magnitude))
                      : numeric((is->negative ? "-" : "") + std::to_string(moved));
  }
  return chance(50) ? value{true, "true"} : text("true");
}

void generator::write_properties(device& of) {
  std::vector<std::string> members;
  for (const auto& [name, has] : of.properties)
    members.push_back(quoted(name) + ":" + has.json);
  std::shuffle(members.begin(), members.end(), random_);
  of.properties_json = "{" + with_commas(members) + "}";
}

}  // namespace pusher::oracle
