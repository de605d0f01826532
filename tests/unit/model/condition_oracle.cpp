#include "condition_oracle.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace pusher::oracle {

namespace {

// -- values ------------------------------------------------------------------

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int order_numbers(const number& a, const number& b) {
  if (!a.whole || !b.whole) return order(a.nearest, b.nearest);
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? order(b.magnitude, a.magnitude) : order(a.magnitude, b.magnitude);
}

/// Nothing when the two cannot be compared.
std::optional<int> compared(const value& a, const value& b) {
  if (a.is.index() != b.is.index() || std::holds_alternative<std::vector<std::string>>(a.is))
    return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&a.is))
    return order(code_points(*text), code_points(std::get<std::string>(b.is)));
  if (const auto* numeric = std::get_if<number>(&a.is))
    return order_numbers(*numeric, std::get<number>(b.is));
  if (const auto* truth = std::get_if<bool>(&a.is))
    return order(*truth ? 1 : 0, std::get<bool>(b.is) ? 1 : 0);
  return order(std::get<instant>(a.is).ms, std::get<instant>(b.is).ms);
}

bool is_part(const std::string& part, const std::string& of) {
  auto needle = code_points(part);
  auto hay = code_points(of);
  return needle.empty() || std::search(hay.begin(), hay.end(), needle.begin(), needle.end()) != hay.end();
}

// -- versions ----------------------------------------------------------------

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool only_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";
constexpr std::string_view identifiers = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

std::string without_leading_zeros(const std::string& number) {
  auto first = number.find_first_not_of('0');
  return first == std::string::npos ? "" : number.substr(first);
}

int order_digits(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? order(a.size(), b.size()) : order(a, b);
}

int order_identifiers(const std::string& a, const std::string& b) {
  bool numeric_a = only_of(a, digits);
  bool numeric_b = only_of(b, digits);
  if (numeric_a != numeric_b) return numeric_a ? -1 : 1;
  return numeric_a ? order_digits(without_leading_zeros(a), without_leading_zeros(b)) : order(a, b);
}

int order_versions(const version& a, const version& b) {
  for (size_t i = 0; i < std::max(a.numbers.size(), b.numbers.size()); ++i) {
    int by = order_digits(i < a.numbers.size() ? a.numbers[i] : "", i < b.numbers.size() ? b.numbers[i] : "");
    if (by != 0) return by;
  }
  if (a.pre_release.empty() != b.pre_release.empty()) return a.pre_release.empty() ? 1 : -1;
  for (size_t i = 0; i < std::min(a.pre_release.size(), b.pre_release.size()); ++i)
    if (int by = order_identifiers(a.pre_release[i], b.pre_release[i]); by != 0) return by;
  return order(a.pre_release.size(), b.pre_release.size());
}

// -- operators ---------------------------------------------------------------

constexpr double ms_per_day = 86'400'000.0;

bool within_days(const value& has, const node& leaf, int64_t as_of) {
  const auto* time = std::get_if<instant>(&has.is);
  if (time == nullptr) return false;
  double age = static_cast<double>(as_of - time->ms);
  return age <= leaf.days * ms_per_day && (age >= 0 || leaf.is == form::attribute);
}

bool by_version(const value& has, const node& leaf) {
  const auto* text = std::get_if<std::string>(&has.is);
  auto mine = text != nullptr ? version_of(*text) : std::nullopt;
  auto bound = version_of(std::get<std::string>(leaf.operands.at(0).is));
  if (!mine || !bound) return false;
  return (order_versions(*mine, *bound) < 0) == (leaf.op == "version_lt");
}

bool by_text(const value& has, const node& leaf) {
  const auto& wanted = std::get<std::string>(leaf.operands.at(0).is);
  if (const auto* list = std::get_if<std::vector<std::string>>(&has.is))
    return leaf.op == "contains" && std::count(list->begin(), list->end(), wanted) > 0;
  const auto* text = std::get_if<std::string>(&has.is);
  if (text == nullptr) return false;
  if (leaf.op == "contains") return is_part(wanted, *text);
  auto whole = code_points(*text);
  auto begin = code_points(wanted);
  return whole.size() >= begin.size() && std::equal(begin.begin(), begin.end(), whole.begin());
}

/// Whether the comparison with a value that is there holds.
bool holds(const value& has, const node& leaf, int64_t as_of) {
  if (leaf.op == "exists") return leaf.wanted;
  if (leaf.op == "within_days") return within_days(has, leaf, as_of);
  if (leaf.op == "version_gte" || leaf.op == "version_lt") return by_version(has, leaf);
  if (leaf.op == "prefix" || leaf.op == "contains") return by_text(has, leaf);
  std::vector<std::optional<int>> by;
  for (const auto& operand : leaf.operands)
    by.push_back(compared(has, operand));
  if (leaf.op == "in") return std::count(by.begin(), by.end(), std::optional<int>(0)) > 0;
  if (leaf.op == "between") return by.at(0) && by.at(1) && *by[0] >= 0 && *by[1] <= 0;
  if (!by.at(0)) return false;
  int is = *by[0];
  static const std::map<std::string, std::array<bool, 3>> meets{
      // less, equal, greater
      {"eq", {false, true, false}}, {"ne", {true, false, true}},  {"gt", {false, false, true}},
      {"gte", {false, true, true}}, {"lt", {true, false, false}}, {"lte", {true, true, false}}};
  return meets.at(leaf.op).at(static_cast<size_t>(is + 1));
}

device_set comparing(const node& leaf, const world& in) {
  const auto& table = leaf.is == form::property ? in.properties : in.attributes;
  device_set found;
  auto column = table.find(leaf.name);
  device_set having;
  if (column != table.end())
    for (const auto& [device, has] : column->second) {
      having.set(device);
      if (holds(*has, leaf, in.as_of)) found.set(device);
    }
  return leaf.op == "exists" && !leaf.wanted ? ~having : found;
}

device_set sharing(const node& leaf, const world& in) {
  device_set found;
  for (size_t i = 0; i < in.devices.size(); ++i) {
    std::string hashed = leaf.name + ":" + in.devices[i].id;
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(hashed.data()), hashed.size(), digest.data());
    uint64_t first = 0;
    for (size_t byte = 0; byte < 8; ++byte)
      first = first * 256 + digest.at(byte);
    found.set(i, first % leaf.of >= leaf.from && first % leaf.of <= leaf.to);
  }
  return found;
}

// -- text --------------------------------------------------------------------

std::string operand_json(const node& leaf) {
  if (leaf.op == "exists") return leaf.wanted ? "true" : "false";
  if (leaf.op == "within_days") return leaf.days_json;
  if (leaf.op != "in" && leaf.op != "between") return leaf.operands.at(0).json;
  std::string list;
  for (const auto& operand : leaf.operands)
    list += (list.empty() ? "" : ",") + leaf.blank + operand.json;
  return "[" + list + "]";
}

std::string children_json(const node& parent) {
  std::string list;
  for (const auto& child : parent.children)
    list += (list.empty() ? "" : ",") + to_json(child);
  return "[" + list + "]";
}

}  // namespace

number number_of(const std::string& literal) {
  number made;
  made.nearest = std::strtod(literal.c_str(), nullptr);  // rounds to nearest, however many digits
  std::string magnitude = literal.substr(literal[0] == '-' ? 1 : 0);
  if (!only_of(magnitude, digits)) return made;
  bool negative = literal[0] == '-' && magnitude != "0";
  const std::string limit = negative ? "9223372036854775808" : "18446744073709551615";
  if (order_digits(magnitude, limit) > 0) return made;
  made.whole = true;
  made.negative = negative;
  for (char c : magnitude)
    made.magnitude = made.magnitude * 10 + static_cast<uint64_t>(c - '0');
  return made;
}

std::u32string code_points(std::string_view utf8) {
  std::u32string points;
  for (char c : utf8) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      points += static_cast<char32_t>(byte);
    } else if (byte >= 0xC0) {
      points += static_cast<char32_t>(byte & (byte >= 0xF0 ? 0x07U : byte >= 0xE0 ? 0x0FU : 0x1FU));
    } else {
      points.back() = (points.back() << 6) | (byte & 0x3FU);
    }
  }
  return points;
}

std::optional<version> version_of(std::string_view text) {
  text = text.substr(0, text.find('+'));
  if (!text.empty() && text[0] == 'v') text.remove_prefix(1);
  version made;
  auto dash = text.find('-');
  for (const auto& part : split(text.substr(0, dash), '.')) {
    if (!only_of(part, digits)) return std::nullopt;
    made.numbers.push_back(without_leading_zeros(part));
  }
  if (dash == std::string_view::npos) return made;
  for (const auto& part : split(text.substr(dash + 1), '.')) {
    if (!only_of(part, identifiers)) return std::nullopt;
    made.pre_release.push_back(part);
  }
  return made;
}

void world::tabulate() {
  properties.clear();
  attributes.clear();
  for (size_t i = 0; i < devices.size(); ++i) {
    for (const auto& [name, has] : devices[i].properties)
      properties[name].emplace_back(i, &has);
    for (const auto& [name, has] : devices[i].attributes)
      attributes[name].emplace_back(i, &has);
  }
}

device_set matching(const node& condition, const world& in) {
  device_set found;
  switch (condition.is) {
    case form::everything:
      return found.set();
    case form::all:
      found.set();
      for (const auto& child : condition.children)
        found &= matching(child, in);
      return found;
    case form::any:
      for (const auto& child : condition.children)
        found |= matching(child, in);
      return found;
    case form::negation:
      return ~matching(condition.children.at(0), in);
    case form::property:
    case form::attribute:
      return comparing(condition, in);
    case form::cohort:
      return sharing(condition, in);
    case form::segment:
      return matching(in.segments.at(condition.name), in);
  }
  return found;
}

std::string to_json(const node& condition) {
  const std::string& blank = condition.blank;
  auto object = [&](const std::string& inner) { return "{" + blank + inner + blank + "}"; };
  switch (condition.is) {
    case form::everything:
      return object("");
    case form::all:
      return object("\"all\":" + blank + children_json(condition));
    case form::any:
      return object("\"any\":" + blank + children_json(condition));
    case form::negation:
      return object("\"not\":" + blank + to_json(condition.children.at(0)));
    case form::segment:
      return object("\"segment\":" + blank + condition.name_json);
    case form::cohort: {
      std::string cohort = "\"of\":" + std::to_string(condition.of) +
                           ",\"from\":" + std::to_string(condition.from) + "," + blank +
                           "\"to\":" + std::to_string(condition.to);
      if (!condition.name_json.empty()) cohort += ",\"seed\":" + condition.name_json;
      return object("\"cohort\":" + object(cohort));
    }
    case form::property:
    case form::attribute:
      break;
  }
  std::string subject =
      (condition.is == form::property ? "\"property\":" : "\"attribute\":") + condition.name_json;
  std::string compared_with = "\"" + condition.op + "\"" + blank + ":" + operand_json(condition);
  return object(condition.operator_first ? compared_with + "," + subject : subject + "," + compared_with);
}

node written_out(const node& condition, const world& in) {
  if (condition.is == form::segment) return written_out(in.segments.at(condition.name), in);
  node copy = condition;
  for (auto& child : copy.children)
    child = written_out(child, in);
  return copy;
}

size size_of(const node& condition) {
  size total;
  for (const auto& child : condition.children) {
    auto below = size_of(child);
    total.levels = std::max(total.levels, below.levels);
    total.comparisons += below.comparisons;
  }
  ++total.levels;
  if (condition.is >= form::property) ++total.comparisons;
  return total;
}

}  // namespace pusher::oracle
