#include "condition_generator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

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

// -- values ------------------------------------------------------------------

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

// -- devices -----------------------------------------------------------------

world generator::make_world() {
  world made;
  made.as_of = 1'780'922'096'789 + static_cast<int64_t>(below(400)) * 1'234'567'891;
  names_.clear();
  usual_.clear();
  while (names_.size() < 12) {
    const auto& name = one_of(property_names);
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
  }
  for (const auto& name : names_) {
    size_t leaning = below(5);
    auto& values = usual_[name];
    for (uint64_t count = below(7) + 2; count > 0; --count)
      values.push_back(any_value(chance(75) ? leaning : below(5), made.as_of));
  }
  for (size_t i = 0; i < devices_per_world; ++i)
    made.devices.push_back(make_device(made, i));
  made.tabulate();
  for (size_t i = 0; i < 8; ++i) {
    node saved = make_condition(made);
    auto out = size_of(written_out(saved, made));
    if (out.levels <= 8 && out.comparisons <= 30) made.segments["s-" + std::to_string(i)] = saved;
  }
  return made;
}

device generator::make_device(const world& in, size_t index) {
  device made;
  made.id = chance(50) ? "device-" + std::to_string(index) : one_of(users) + std::to_string(random_());
  if (chance(20)) made.id += std::string(128 - made.id.size(), 'd');
  auto give = [&](const char* name, const std::string& is) { made.attributes[name] = text(is); };
  give("platform", one_of(std::vector<std::string>{"android", "ios", "web", "other"}));
  give("gateway", one_of(std::vector<std::string>{"fcm", "apns", "webpush", "hms"}));
  if (chance(70)) {
    give("locale", one_of(locales));
    const auto& locale = std::get<std::string>(made.attributes["locale"].is);
    give("language", locale.substr(0, locale.find_first_of("-_")));
  }
  if (chance(60)) give("time_zone", one_of(zones));
  if (chance(60)) give("user_id", one_of(users));
  if (chance(80)) {
    std::string version = any_version().substr(0, 64);
    if (!version.empty()) give("app_version", version);
  }
  made.attributes["created_at"] = time(std::max<int64_t>(1, any_ms(in.as_of)));
  made.attributes["last_seen_at"] = time(std::max<int64_t>(1, any_ms(in.as_of)));
  for (const auto& name : names_) {
    if (!chance(75)) continue;
    const auto& usual = usual_.at(name);
    made.properties[name] = chance(75) ? written_anew(one_of(usual), false) : any_value(below(5), in.as_of);
  }
  write_properties(made);
  return made;
}

void generator::write_properties(device& of) {
  std::vector<std::string> members;
  for (const auto& [name, has] : of.properties)
    members.push_back(quoted(name) + ":" + has.json);
  std::shuffle(members.begin(), members.end(), random_);
  of.properties_json = "{" + with_commas(members) + "}";
}

// -- conditions --------------------------------------------------------------

void generator::choose_days(node& of, const world& in) {
  if (chance(70)) {
    const auto& chosen = one_of(whole_days);
    of.days = chosen.first;
    of.days_json = chosen.second;
    return;
  }
  // Any other number, as long as no device stands where rounding decides.
  for (bool clear = false; !clear;) {
    char literal[40];
    double spread = static_cast<double>(below(1'000'000) + 1) / 1'000'000.0;
    std::snprintf(literal, sizeof literal, chance(50) ? "%.9g" : "%.17g",
                  spread * one_of(std::vector<double>{1e-6, 1, 60, 36500}));
    of.days_json = literal;
    of.days = std::strtod(literal, nullptr);
    double cut = static_cast<double>(in.as_of) - of.days * static_cast<double>(day);
    clear = std::none_of(in.devices.begin(), in.devices.end(), [&](const device& each) {
      auto near_cut = [&](const auto& named) {
        const auto* is = std::get_if<instant>(&named.second.is);
        return is != nullptr && std::abs(static_cast<double>(is->ms) - cut) < 3;
      };
      return std::any_of(each.properties.begin(), each.properties.end(), near_cut) ||
             std::any_of(each.attributes.begin(), each.attributes.end(), near_cut);
    });
  }
}

void generator::choose_operator(node& of, const value& like, bool is_time, const world& in) {
  bool attribute = of.is == form::attribute;
  std::vector<std::string> operators{"eq",  "eq", "ne",  "in",      "in",    "gt",
                                     "gte", "lt", "lte", "between", "exists"};
  if (!attribute || is_time)
    operators.insert(operators.end(), std::holds_alternative<instant>(like.is) ? 6 : 1, "within_days");
  if (!is_time) {
    bool texts_here = !std::holds_alternative<number>(like.is);
    for (int times = texts_here ? 2 : 1; times > 0; --times)
      operators.insert(operators.end(), {"prefix", "contains"});
    if (std::holds_alternative<std::vector<std::string>>(like.is))
      operators.insert(operators.end(), 8, "contains");
    if (!attribute || of.name == "app_version")
      operators.insert(operators.end(), of.name == "app_version" ? 5 : 1, "version_lt");
    if (operators.back() == "version_lt")
      operators.insert(operators.end(), of.name == "app_version" ? 5 : 1, "version_gte");
  }
  of.op = one_of(operators);
  if (of.op == "exists") {
    of.wanted = chance(50);
  } else if (of.op == "within_days") {
    choose_days(of, in);
  } else if (of.op == "version_gte" || of.op == "version_lt") {
    const auto* is = std::get_if<std::string>(&like.is);
    of.operands = {text(is != nullptr && chance(60) && version_of(*is) ? *is : one_of(versions))};
  } else if (of.op == "prefix" || of.op == "contains") {
    value operand = near(like, in.as_of, attribute);
    of.operands = {std::holds_alternative<std::string>(operand.is) ? operand : text(any_text())};
  } else if (of.op == "in") {
    for (uint64_t count = below(6); count > 0; --count)
      of.operands.push_back(chance(50) || attribute ? near(like, in.as_of, attribute)
                                                    : any_value(below(4), in.as_of));
  } else if (of.op == "between") {
    value low = near(like, in.as_of, attribute);
    value high = attribute ? near(like, in.as_of, attribute) : any_value(low.is.index(), in.as_of);
    if (chance(30)) high = near(low, in.as_of, attribute);
    if (high.is.index() != low.is.index()) high = low;
    of.operands = chance(50) ? std::vector<value>{low, high} : std::vector<value>{high, low};
  } else {
    of.operands = {near(like, in.as_of, attribute)};
  }
}

node generator::comparison(const world& in, form is) {
  node made;
  made.is = is;
  made.operator_first = chance(20);
  value like = text("x");
  bool is_time = false;
  const auto& columns = is == form::property ? in.properties : in.attributes;
  if (is == form::property) {
    made.name = chance(92) ? one_of(names_) : one_of(property_names);
  } else {
    made.name = attribute_names::all.at(below(attribute_names::all.size()));
    is_time = made.name == "created_at" || made.name == "last_seen_at";
  }
  made.name_json = quoted(made.name);
  auto column = columns.find(made.name);
  if (column != columns.end()) like = *one_of(column->second).second;
  choose_operator(made, like, is_time, in);
  return made;
}

node generator::cohort() {
  node made;
  made.is = form::cohort;
  made.of = one_of(std::vector<uint64_t>{1, 2, 3, 7, 10, 100, 1000, 999'983, 1'000'000});
  made.from = chance(30) ? 0 : below(made.of);
  made.to = made.from + below(made.of - made.from);
  if (chance(10)) made.to = made.of - 1;
  static const std::vector<std::string> seeds{"",   "spring", "Spring", "봄", "a:b", std::string(64, 's'),
                                              "\"", "😀"};
  made.name = one_of(seeds);
  made.name_json = made.name.empty() && chance(50) ? "" : quoted(made.name);
  return made;
}

node generator::leaf(const world& in) {
  auto kind = below(100);
  node made;
  if (kind < 4) return made;
  if (kind < 70) return comparison(in, form::property);
  if (kind < 90) return comparison(in, form::attribute);
  if (kind < 95 || in.segments.empty()) return cohort();
  made.is = form::segment;
  auto chosen = in.segments.begin();
  std::advance(chosen, static_cast<ptrdiff_t>(below(in.segments.size())));
  made.name = chosen->first;
  made.name_json = quoted(made.name);
  return made;
}

node generator::tree(const world& in, size_t levels, size_t& comparisons) {
  static const std::vector<std::string> blanks{"", "", "", " ", "\n\t"};
  if (levels == 1 || comparisons <= 1 || chance(35)) {
    node made = leaf(in);
    auto out = size_of(written_out(made, in));
    if (out.levels > levels || out.comparisons > comparisons) made = comparison(in, form::property);
    comparisons -=
        std::min<size_t>(comparisons, std::max<size_t>(1, size_of(written_out(made, in)).comparisons));
    made.blank = one_of(blanks);
    return made;
  }
  node made;
  made.blank = one_of(blanks);
  auto kind = below(10);
  made.is = kind < 3 ? form::negation : kind < 6 ? form::all : form::any;
  uint64_t count = made.is == form::negation ? 1 : chance(4) ? 0 : below(3) + 1;
  for (; count > 0 && (made.is == form::negation || comparisons > 0); --count)
    made.children.push_back(tree(in, levels - 1, comparisons));
  return made;
}

/// As deep as conditions may be, with side branches.
node generator::chain(const world& in, size_t levels) {
  if (levels == 1) return comparison(in, chance(70) ? form::property : form::attribute);
  node made;
  auto kind = below(4);
  made.is = kind < 2 ? form::negation : kind == 2 ? form::all : form::any;
  made.children.push_back(chain(in, levels - 1));
  if (made.is != form::negation && levels < 16 && chance(50))
    made.children.push_back(comparison(in, form::property));
  std::shuffle(made.children.begin(), made.children.end(), random_);
  return made;
}

/// As many comparisons as a condition may have.
node generator::wide(const world& in) {
  node made;
  made.is = form::any;
  for (int i = 0; i < 32; ++i) {
    node branch;
    branch.is = form::all;
    for (int k = 0; k < 8; ++k)
      branch.children.push_back(comparison(in, chance(50) ? form::property : form::attribute));
    made.children.push_back(std::move(branch));
  }
  return made;
}

node generator::make_condition(const world& in) {
  for (;;) {
    size_t comparisons = chance(90) ? 12 : 256;
    uint64_t kind = below(100);
    node made = kind < 35   ? leaf(in)
                : kind < 93 ? tree(in, below(15) + 2, comparisons)
                : kind < 99 ? chain(in, 16)
                            : wide(in);
    node out = written_out(made, in);
    auto size = size_of(out);
    // A canonical text may escape what ours does not: far from the limit of 64 KiB either way.
    if (size.levels <= 16 && size.comparisons <= 256 && to_json(out).size() <= 40'000) return made;
  }
}

}  // namespace pusher::oracle
