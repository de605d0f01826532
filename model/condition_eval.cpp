#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "model/condition.hpp"
#include "model/condition_node.hpp"
#include "model/json.hpp"
#include "model/version.hpp"

namespace pusher {

std::string_view device_reader::text_of(std::string_view raw, bool escaped) {
  if (!escaped) return raw;
  unescaped_.clear();
  append_unescaped(unescaped_, raw);
  return unescaped_;
}

namespace {

using node = condition::node;

constexpr double ms_per_day = 86'400'000;

/// What a comparison looks at. `list` stands for a list of strings.
struct subject {
  enum class kind : uint8_t { missing, text, number, boolean, time, list };
  kind type = kind::missing;
  std::string_view text;
  pusher::number number;
  utc_ms time = 0;
  bool flag = false;
  std::string_view list;  ///< as it stands in the properties
};

subject of_text(std::string_view text) {
  subject made;
  if (text.empty()) return made;
  made.type = subject::kind::text;
  made.text = text;
  return made;
}

subject of_time(utc_ms time) {
  subject made;
  made.type = subject::kind::time;
  made.time = time;
  return made;
}

subject of_attribute(const device_row& row, attribute which) {
  switch (which) {
    case attribute::platform:
      return of_text(to_string(row.platform));
    case attribute::gateway:
      return of_text(to_string(row.gateway));
    case attribute::locale:
      return of_text(row.locale);
    case attribute::language:
      return of_text(row.locale.substr(0, row.locale.find_first_of("-_")));
    case attribute::time_zone:
      return of_text(row.time_zone);
    case attribute::user_id:
      return of_text(row.user_id);
    case attribute::app_version:
      return of_text(row.app_version);
    case attribute::created_at:
      return of_time(row.created_at);
    case attribute::last_seen_at:
      return of_time(row.last_seen_at);
  }
  return {};
}

subject of_property(device_reader& device, std::string_view name) {
  subject made;
  auto value = device.property(name);
  switch (value.type) {
    case property_value::kind::missing:
      break;
    case property_value::kind::text:
      made.type = subject::kind::text;
      made.text = device.text_of(value.raw, value.escaped);
      break;
    case property_value::kind::boolean:
      made.type = subject::kind::boolean;
      made.flag = value.raw == "true";
      break;
    case property_value::kind::number:
      if (auto read = number::of(value.raw)) {
        made.type = subject::kind::number;
        made.number = *read;
      }
      break;
    case property_value::kind::list:
      made.type = subject::kind::list;
      made.list = value.raw;
      break;
    case property_value::kind::time:
      if (auto time = parse_rfc3339(device.text_of(value.raw, value.escaped))) return of_time(*time);
      break;
  }
  return made;
}

/// Whether the two have the same type, and if so their order: negative, 0, positive.
bool compare(const subject& a, const operand& b, int& order) {
  auto sign = [](auto x, auto y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (b.type) {
    case operand::kind::text:
      if (a.type != subject::kind::text) return false;
      order = a.text.compare(b.text);
      return true;
    case operand::kind::boolean:
      if (a.type != subject::kind::boolean) return false;
      order = sign(a.flag, b.flag);
      return true;
    case operand::kind::time:
      if (a.type != subject::kind::time) return false;
      order = sign(a.time, b.time);
      return true;
    case operand::kind::number:
      if (a.type != subject::kind::number) return false;
      order = number::order(a.number, b.number);
      return true;
  }
  return false;
}

bool contains(device_reader& device, const subject& in, const std::string& what) {
  if (in.type == subject::kind::text) return in.text.find(what) != std::string_view::npos;
  if (in.type != subject::kind::list) return false;
  return any_element(
      in.list, [&](std::string_view raw, bool escaped) { return device.text_of(raw, escaped) == what; });
}

/// Whether a list of values has this one. Lists may be long: texts are found by halving.
bool is_one_of(const subject& is, const node& leaf) {
  auto texts_end = leaf.operands.begin() + static_cast<std::ptrdiff_t>(leaf.texts);
  if (is.type == subject::kind::text) {
    auto found =
        std::lower_bound(leaf.operands.begin(), texts_end, is.text,
                         [](const operand& each, std::string_view text) { return each.text < text; });
    return found != texts_end && found->text == is.text;
  }
  int order = 0;
  return std::any_of(texts_end, leaf.operands.end(),
                     [&](const operand& each) { return compare(is, each, order) && order == 0; });
}

bool is_version_of(const subject& is) {
  return is.type == subject::kind::text && is_version(is.text);
}

/// Of the last days before `as_of`. An attribute is never of the future: a device that is seen while a
/// notification goes out must not drop out of its audience.
bool is_within_days(const subject& is, const node& leaf, utc_ms as_of) {
  if (is.type != subject::kind::time) return false;
  auto window = static_cast<utc_ms>(leaf.operands[0].number.real * ms_per_day);
  return is.time >= as_of - window && (is.time <= as_of || leaf.type == node::kind::attribute);
}

bool holds(device_reader& device, const subject& is, const node& leaf, utc_ms as_of) {
  if (leaf.op == comparison::exists) return (is.type != subject::kind::missing) == leaf.operands[0].flag;
  if (is.type == subject::kind::missing) return false;
  int order = 0;
  auto ordered = [&](size_t i) { return compare(is, leaf.operands[i], order); };
  switch (leaf.op) {
    case comparison::eq:
      return ordered(0) && order == 0;
    case comparison::ne:
      return ordered(0) && order != 0;
    case comparison::gt:
      return ordered(0) && order > 0;
    case comparison::gte:
      return ordered(0) && order >= 0;
    case comparison::lt:
      return ordered(0) && order < 0;
    case comparison::lte:
      return ordered(0) && order <= 0;
    case comparison::between:
      return ordered(0) && order >= 0 && ordered(1) && order <= 0;
    case comparison::in:
      return is_one_of(is, leaf);
    case comparison::prefix:
      return is.type == subject::kind::text &&
             is.text.compare(0, leaf.operands[0].text.size(), leaf.operands[0].text) == 0;
    case comparison::contains:
      return contains(device, is, leaf.operands[0].text);
    case comparison::within_days:
      return is_within_days(is, leaf, as_of);
    case comparison::version_gte:
      return is_version_of(is) && compare_versions(is.text, leaf.operands[0].text) >= 0;
    case comparison::version_lt:
      return is_version_of(is) && compare_versions(is.text, leaf.operands[0].text) < 0;
    case comparison::exists:
      break;
  }
  return false;
}

bool evaluate(const node& at, device_reader& device, utc_ms as_of) {
  auto each = [&device, as_of](const node& child) { return evaluate(child, device, as_of); };
  switch (at.type) {
    case node::kind::all:
      return std::all_of(at.children.begin(), at.children.end(), each);
    case node::kind::any:
      return std::any_of(at.children.begin(), at.children.end(), each);
    case node::kind::negation:
      return !each(at.children.front());
    case node::kind::property:
      return holds(device, of_property(device, at.name), at, as_of);
    case node::kind::attribute:
      return holds(device, of_attribute(device.row(), at.attribute), at, as_of);
    case node::kind::cohort:
      return at.share.takes(device.row().device_id);
    case node::kind::segment:
      return false;  // see condition::segments()
  }
  return false;
}

}  // namespace

number number::of(const rapidjson::Value& value) {
  number made;
  made.real = value.GetDouble();
  made.whole = value.IsInt64() || value.IsUint64();
  made.above_int64 = value.IsUint64() && !value.IsInt64();
  if (made.above_int64)
    made.bits = static_cast<int64_t>(value.GetUint64());
  else if (made.whole)
    made.bits = value.GetInt64();
  return made;
}

std::optional<number> number::of(std::string_view text) {
  number made;
  const char* end = text.data() + text.size();
  auto reads = [&](auto& value) {
    auto [stop, wrong] = std::from_chars(text.data(), end, value);
    return wrong == std::errc() && stop == end;
  };
  uint64_t large = 0;
  made.whole = true;
  if (reads(made.bits)) {
    made.real = static_cast<double>(made.bits);
  } else if (reads(large)) {
    made.above_int64 = true;
    made.bits = static_cast<int64_t>(large);
    made.real = static_cast<double>(large);
  } else {
    made.whole = false;
    auto [stop, wrong] = std::from_chars(text.data(), end, made.real);
    // Too small or too large for a double: the nearest one is 0, or there is none.
    if (wrong == std::errc::result_out_of_range) made.real = std::strtod(std::string(text).c_str(), nullptr);
    if (wrong == std::errc::invalid_argument || stop != end || !std::isfinite(made.real)) return std::nullopt;
  }
  return made;
}

int number::order(const number& a, const number& b) {
  auto sign = [](auto x, auto y) { return x < y ? -1 : (y < x ? 1 : 0); };
  if (!a.whole || !b.whole) return sign(a.real, b.real);
  if (a.above_int64 != b.above_int64) return a.above_int64 ? 1 : -1;
  // Both on the same side of INT64_MAX, where the order of the bits is that of the values.
  return sign(a.bits, b.bits);
}

bool cohort::takes(std::string_view device_id) const {
  // Published in docs/conditions.md, so that others can compute the same share.
  thread_local std::string text;
  text.assign(seed).append(":").append(device_id);
  auto digest = sha256(text);
  uint64_t drawn = 0;
  for (size_t i = 0; i < 8; ++i)
    drawn = drawn << 8 | digest[i];
  auto share = drawn % of;
  return share >= from && share <= to;
}

bool condition::matches(device_reader& device, utc_ms as_of) const {
  return evaluate(*root_, device, as_of);
}

}  // namespace pusher
