#include <algorithm>
#include <array>
#include <optional>

#include "model/condition.hpp"
#include "model/condition_faults.hpp"
#include "model/condition_node.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/properties.hpp"
#include "model/segment.hpp"
#include "model/version.hpp"

namespace pusher {

namespace {

using namespace condition_faults;
using node = condition::node;

constexpr std::array<std::string_view, 7> key_names{"all",       "any",    "not",    "property",
                                                    "attribute", "cohort", "segment"};
constexpr double most_days = 36'500;
constexpr uint64_t most_shares = 1'000'000;
constexpr size_t seed_bytes = 64;

bool is_time(attribute a) {
  return a == attribute::created_at || a == attribute::last_seen_at;
}

template <size_t N>
std::string with_nearest(std::string sentence, std::string_view name,
                         const std::array<std::string_view, N>& known) {
  auto near = json::nearest(name, known.data(), N);
  if (!near.empty()) return sentence + " Did you mean \"" + std::string(near) + "\"?";
  sentence += " Choose from";
  for (size_t i = 0; i < N; ++i)
    sentence += (i ? ", " : " ") + std::string(known[i]);
  return sentence + ".";
}

const char* const not_a_time =
    "This is not a time of RFC 3339 with its zone, such as 2026-11-23T10:00:00Z or "
    "2026-11-23T19:00:00+09:00.";

class parser {
 public:
  result<node> read(const rapidjson::Value& value, const std::string& pointer, size_t depth) {
    if (!value.IsObject())
      return wrong(pointer,
                   "A condition is a JSON object, such as {\"property\": \"plan\", \"eq\": \"pro\"}.");
    if (depth > limits::condition_depth) return too_deep(pointer);
    if (value.MemberCount() == 0) return node{};
    for (const char* name : {"all", "any"})
      if (value.HasMember(name)) return read_list(value, name, pointer, depth);
    if (value.HasMember("not")) return read_negation(value, pointer, depth);
    if (++leaves_ > limits::condition_leaves) return too_many(pointer);
    if (value.HasMember("cohort")) return read_cohort(value, pointer);
    if (value.HasMember("segment")) return read_segment(value, pointer);
    return read_leaf(value, pointer);
  }

 private:
  result<node> read_list(const rapidjson::Value& value, const char* name, const std::string& pointer,
                         size_t depth) {
    if (auto alone = only_member(value, name, pointer); !alone) return alone.failure();
    auto inner = json::pointer(pointer, name);
    const auto& list = value[name];
    if (!list.IsArray()) return wrong(inner, quoted(name) + " takes a list of conditions.");
    node made;
    made.type = std::string_view(name) == "all" ? node::kind::all : node::kind::any;
    for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
      auto child = read(list[i], json::pointer(inner, size_t{i}), depth + 1);
      if (!child) return child.failure();
      made.children.push_back(std::move(*child));
    }
    return made;
  }

  result<node> read_negation(const rapidjson::Value& value, const std::string& pointer, size_t depth) {
    if (auto alone = only_member(value, "not", pointer); !alone) return alone.failure();
    auto child = read(value["not"], json::pointer(pointer, "not"), depth + 1);
    if (!child) return child.failure();
    node made;
    made.type = node::kind::negation;
    made.children.push_back(std::move(*child));
    return made;
  }

  result<void> only_member(const rapidjson::Value& value, const char* name, const std::string& pointer) {
    for (const auto& member : value.GetObject()) {
      auto other = json::view(member.name);
      if (other != name)
        return wrong(json::pointer(pointer, other), quoted(name) + " stands alone in its object; put " +
                                                        quoted(other) + " into a condition beside it.");
    }
    return {};
  }

  result<node> read_segment(const rapidjson::Value& value, const std::string& pointer) {
    if (auto alone = only_member(value, "segment", pointer); !alone) return alone.failure();
    const auto& name = value["segment"];
    auto at = json::pointer(pointer, "segment");
    if (!name.IsString()) return wrong(at, "\"segment\" takes the name of a segment.");
    node made;
    made.type = node::kind::segment;
    made.name = json::view(name);
    if (auto good = check_segment_name(made.name); !good) return wrong(at, good.failure().detail);
    return made;
  }

  result<node> read_cohort(const rapidjson::Value& value, const std::string& pointer) {
    if (auto alone = only_member(value, "cohort", pointer); !alone) return alone.failure();
    const auto& given = value["cohort"];
    auto at = json::pointer(pointer, "cohort");
    if (!given.IsObject())
      return wrong(
          at, "A cohort is an object, such as {\"of\": 100, \"from\": 0, \"to\": 9, \"seed\": \"spring\"}.");
    node made;
    made.type = node::kind::cohort;
    auto& share = made.share;
    static constexpr std::array<std::string_view, 4> names{"of", "from", "to", "seed"};
    for (const auto& member : given.GetObject()) {
      auto name = json::view(member.name);
      auto inner = json::pointer(at, name);
      if (name == "seed") {
        if (!member.value.IsString() || member.value.GetStringLength() > seed_bytes)
          return wrong(inner, "A seed is a string of at most " + std::to_string(seed_bytes) + " bytes.");
        share.seed = json::view(member.value);
      } else if (name == "of" || name == "from" || name == "to") {
        if (!member.value.IsUint64() || member.value.GetUint64() > most_shares)
          return wrong(inner, "This is a whole number from 0 to " + std::to_string(most_shares) + ".");
        (name == "of" ? share.of : name == "from" ? share.from : share.to) = member.value.GetUint64();
      } else {
        return wrong(inner, with_nearest("A cohort has no " + quoted(name) + ".", name, names));
      }
    }
    for (const char* name : {"of", "from", "to"})
      if (!given.HasMember(name)) return wrong(at, "The cohort lacks " + quoted(name) + ".");
    if (share.of == 0) return wrong(json::pointer(at, "of"), "The devices are cut into 1 share or more.");
    if (share.from > share.to || share.to >= share.of)
      return wrong(json::pointer(at, "to"),
                   "The shares are numbered from 0 to \"of\" - 1, and \"from\" is not above \"to\".");
    return made;
  }

  result<node> read_leaf(const rapidjson::Value& value, const std::string& pointer) {
    node made;
    if (auto subject = read_subject(value, pointer, made); !subject) return subject.failure();
    const char* subject_key = made.type == node::kind::property ? "property" : "attribute";
    const rapidjson::Value::ConstMemberIterator end = value.MemberEnd();
    auto found = end;
    for (auto member = value.MemberBegin(); member != end; ++member) {
      auto name = json::view(member->name);
      if (name == subject_key) continue;
      auto at = json::pointer(pointer, name);
      auto op = operator_of(name);
      if (!op)
        return wrong(at, with_nearest("There is no operator " + quoted(name) + ".", name, operator_names));
      if (found != end) return wrong(at, "A comparison has one operator; join two of them with \"all\".");
      found = member;
      made.op = *op;
    }
    if (found == end) return wrong(pointer, "The comparison lacks an operator, such as \"eq\".");
    if (auto operands = read_operands(found->value, json::pointer(pointer, json::view(found->name)), made);
        !operands)
      return operands.failure();
    return made;
  }

  result<void> read_subject(const rapidjson::Value& value, const std::string& pointer, node& into) {
    bool property = value.HasMember("property"), attribute = value.HasMember("attribute");
    if (property && attribute)
      return wrong(json::pointer(pointer, "attribute"),
                   "A comparison looks at a \"property\" or an \"attribute\", not at both.");
    if (!property && !attribute) {
      auto named = std::find_if(value.MemberBegin(), value.MemberEnd(),
                                [](const auto& member) { return !operator_of(json::view(member.name)); });
      if (named == value.MemberEnd())
        return wrong(pointer, "The comparison lacks a \"property\" or \"attribute\" to look at.");
      auto name = json::view(named->name);
      return wrong(json::pointer(pointer, name),
                   with_nearest("A condition has no " + quoted(name) + ".", name, key_names));
    }
    const char* key = property ? "property" : "attribute";
    auto at = json::pointer(pointer, key);
    const auto& name = value[key];
    if (!name.IsString() || name.GetStringLength() == 0) return wrong(at, quoted(key) + " takes a name.");
    if (property) {
      if (auto good = check_property_name(json::view(name)); !good) return wrong(at, good.failure().detail);
      into.type = node::kind::property;
      into.name = json::view(name);
      return {};
    }
    into.type = node::kind::attribute;
    for (size_t i = 0; i < attribute_names.size(); ++i) {
      if (attribute_names[i] != json::view(name)) continue;
      into.attribute = static_cast<pusher::attribute>(i);
      return {};
    }
    return wrong(at, with_nearest("There is no attribute " + quoted(json::view(name)) + ".", json::view(name),
                                  attribute_names));
  }

  static std::optional<comparison> operator_of(std::string_view name) {
    for (size_t i = 0; i < operator_names.size(); ++i)
      if (operator_names[i] == name) return static_cast<comparison>(i);
    return std::nullopt;
  }

  result<void> read_operands(const rapidjson::Value& value, const std::string& pointer, node& into) {
    switch (into.op) {
      case comparison::in:
      case comparison::between:
        return read_operand_list(value, pointer, into);
      case comparison::exists:
        if (!value.IsBool()) return wrong(pointer, "\"exists\" takes true or false.");
        break;
      case comparison::prefix:
      case comparison::contains:
        if (!value.IsString()) return wrong(pointer, "This operator takes a string.");
        if (into.type == node::kind::attribute && is_time(into.attribute))
          return wrong(pointer, "A time has no text; compare it with gt, gte, lt, lte or between.");
        break;
      case comparison::within_days:
        if (!value.IsNumber() || !(value.GetDouble() > 0) || value.GetDouble() > most_days)
          return wrong(pointer, "\"within_days\" takes a number of days above 0, at most 36500.");
        if (into.type == node::kind::attribute && !is_time(into.attribute))
          return wrong(pointer, "This attribute is not a time; created_at and last_seen_at are.");
        break;
      case comparison::version_gte:
      case comparison::version_lt:
        if (into.type == node::kind::attribute && into.attribute != attribute::app_version)
          return wrong(pointer, "Of the attributes only app_version is a version.");
        if (!value.IsString() || !is_version(json::view(value)))
          return wrong(pointer, "This takes a version, such as \"2.10.1\" or \"3.0.0-beta.1\".");
        break;
      case comparison::eq:
      case comparison::ne:
      case comparison::gt:
      case comparison::gte:
      case comparison::lt:
      case comparison::lte:
        break;
    }
    bool raw = into.op == comparison::exists || into.op == comparison::within_days;
    auto read = raw ? read_scalar(value, pointer) : read_operand(value, pointer, into);
    if (!read) return read.failure();
    into.operands.push_back(std::move(*read));
    return {};
  }

  result<void> read_operand_list(const rapidjson::Value& value, const std::string& pointer, node& into) {
    bool pair = into.op == comparison::between;
    if (!value.IsArray() || (pair && value.Size() != 2))
      return wrong(pointer, pair ? "\"between\" takes a list of two values, the lower one first."
                                 : "\"in\" takes a list of values.");
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      auto each = read_operand(value[i], json::pointer(pointer, size_t{i}), into);
      if (!each) return each.failure();
      into.operands.push_back(std::move(*each));
    }
    if (!pair) texts_first(into);
    return {};
  }

  /// The evaluator halves its way through the texts of an `in`.
  static void texts_first(node& of) {
    auto is_text = [](const operand& each) { return each.type == operand::kind::text; };
    auto others = std::stable_partition(of.operands.begin(), of.operands.end(), is_text);
    std::sort(of.operands.begin(), others,
              [](const operand& a, const operand& b) { return a.text < b.text; });
    of.texts = static_cast<size_t>(others - of.operands.begin());
  }

  result<operand> read_operand(const rapidjson::Value& value, const std::string& pointer, const node& of) {
    if (of.type != node::kind::attribute) return read_scalar(value, pointer);
    if (!is_time(of.attribute)) {
      if (!value.IsString()) return wrong(pointer, "This attribute is compared with a string.");
      return read_scalar(value, pointer);
    }
    // For times among the attributes the plain text is enough.
    if (value.IsString()) return read_time(value, pointer);
    auto read = read_scalar(value, pointer);
    if (read && read->type != operand::kind::time)
      return wrong(pointer, "This attribute is compared with a time (RFC 3339).");
    return read;
  }

  static result<operand> read_time(const rapidjson::Value& value, const std::string& pointer) {
    auto time = parse_rfc3339(json::view(value));
    if (!time) return wrong(pointer, not_a_time);
    operand made;
    made.type = operand::kind::time;
    made.time = *time;
    return made;
  }

  static result<operand> read_scalar(const rapidjson::Value& value, const std::string& pointer) {
    operand made;
    if (value.IsString()) {
      made.text = json::view(value);
    } else if (value.IsBool()) {
      made.type = operand::kind::boolean;
      made.flag = value.GetBool();
    } else if (value.IsNumber()) {
      made.type = operand::kind::number;
      made.number = number::of(value);
    } else if (value.IsObject() && value.MemberCount() == 1 && value.HasMember("time") &&
               value["time"].IsString()) {
      return read_time(value["time"], json::pointer(pointer, "time"));
    } else {
      return wrong(pointer,
                   "A value is a string, a number, true, false or {\"time\": \"2026-11-23T10:00:00Z\"}.");
    }
    return made;
  }

  size_t leaves_ = 0;
};

}  // namespace

condition::condition() : root_(std::make_shared<const node>()) {}
condition::condition(std::shared_ptr<const node> root) : root_(std::move(root)) {}

result<condition> condition::parse(const rapidjson::Value& value, const std::string& pointer) {
  auto read = parser().read(value, pointer, 1);
  if (!read) return std::move(read).failure();
  condition made(std::make_shared<const node>(std::move(*read)));
  // Long lists of values: bounded as a whole, for a condition is kept with its notification.
  if (made.to_json().size() > limits::condition_bytes) return too_long(pointer);
  return made;
}

result<condition> condition::parse(std::string_view text) {
  auto document = json::parse(text);
  if (!document) return document.failure();
  return parse(*document);
}

bool condition::matches_all() const {
  return root_->type == node::kind::all && root_->children.empty();
}

}  // namespace pusher
