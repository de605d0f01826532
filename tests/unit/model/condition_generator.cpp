#include "condition_generator.hpp"

#include <algorithm>
#include <cstdio>

#include "condition_words.hpp"

namespace pusher::oracle {

namespace {

constexpr double day = 86'400'000;

}  // namespace

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
    double cut = static_cast<double>(in.as_of) - of.days * day;
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
