#include <algorithm>
#include <array>
#include <optional>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/condition.hpp"
#include "model/condition_node.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher {

namespace {

using node = condition::node;

constexpr std::array<std::string_view, 9> attribute_names{"platform",    "gateway",    "locale",
                                                          "language",    "time_zone",  "user_id",
                                                          "app_version", "created_at", "last_seen_at"};
constexpr std::array<std::string_view, 11> operator_names{
    "eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "exists", "prefix", "contains"};
constexpr std::array<std::string_view, 5> key_names{"all", "any", "not", "property", "attribute"};

bool is_time(attribute a) {
  return a == attribute::created_at || a == attribute::last_seen_at;
}

error wrong(const std::string& pointer, std::string detail) {
  return {errc::invalid_condition, std::move(detail), pointer, 0};
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

std::string quoted(std::string_view name) {
  return "\"" + std::string(name.substr(0, 64)) + "\"";
}

error too_long(const std::string& pointer) {
  return wrong(pointer, "A condition has at most " + std::to_string(limits::condition_bytes) + " bytes.");
}

class parser {
 public:
  result<node> read(const rapidjson::Value& value, const std::string& pointer, size_t depth) {
    if (!value.IsObject())
      return wrong(pointer,
                   "A condition is a JSON object, such as {\"property\": \"plan\", \"eq\": \"pro\"}.");
    if (depth > limits::condition_depth)
      return wrong(pointer, "The condition is nested deeper than " + std::to_string(limits::condition_depth) +
                                " levels.");
    if (value.MemberCount() == 0) return node{};
    for (const char* name : {"all", "any"})
      if (value.HasMember(name)) return read_list(value, name, pointer, depth);
    if (value.HasMember("not")) return read_negation(value, pointer, depth);
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

  result<node> read_leaf(const rapidjson::Value& value, const std::string& pointer) {
    if (++leaves_ > limits::condition_leaves)
      return wrong(pointer, "The condition has more than " + std::to_string(limits::condition_leaves) +
                                " comparisons.");
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
      auto name = json::view(value.MemberBegin()->name);
      return wrong(json::pointer(pointer, name),
                   with_nearest("A condition cannot begin with " + quoted(name) + ".", name, key_names));
    }
    const char* key = property ? "property" : "attribute";
    auto at = json::pointer(pointer, key);
    const auto& name = value[key];
    if (!name.IsString() || name.GetStringLength() == 0) return wrong(at, quoted(key) + " takes a name.");
    if (property) {
      if (name.GetStringLength() > limits::property_name_bytes)
        return wrong(
            at, "A property's name has at most " + std::to_string(limits::property_name_bytes) + " bytes.");
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
      case comparison::eq:
      case comparison::ne:
      case comparison::gt:
      case comparison::gte:
      case comparison::lt:
      case comparison::lte:
        break;
    }
    bool raw = into.op == comparison::exists;
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
    if (!time) return wrong(pointer, "This is not a time of RFC 3339, such as 2026-11-23T10:00:00Z.");
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

// -- canonical text --

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void key(json_writer& out, std::string_view name) {
  out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void text(json_writer& out, std::string_view value) {
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write(json_writer& out, const number& value) {
  if (value.above_int64)
    out.Uint64(static_cast<uint64_t>(value.bits));
  else if (value.whole)
    out.Int64(value.bits);
  else
    out.Double(value.real);
}

void write(json_writer& out, const operand& value) {
  switch (value.type) {
    case operand::kind::text:
      return text(out, value.text);
    case operand::kind::boolean:
      out.Bool(value.flag);
      return;
    case operand::kind::number:
      return write(out, value.number);
    case operand::kind::time:
      out.StartObject();
      key(out, "time");
      text(out, to_rfc3339(value.time));
      out.EndObject();
      return;
  }
}

void write(json_writer& out, const node& of) {
  out.StartObject();
  switch (of.type) {
    case node::kind::all:
    case node::kind::any:
      if (of.type == node::kind::all && of.children.empty()) break;
      key(out, of.type == node::kind::all ? "all" : "any");
      out.StartArray();
      for (const auto& child : of.children)
        write(out, child);
      out.EndArray();
      break;
    case node::kind::negation:
      key(out, "not");
      write(out, of.children.front());
      break;
    case node::kind::property:
    case node::kind::attribute: {
      bool property = of.type == node::kind::property;
      key(out, property ? "property" : "attribute");
      text(out, property ? std::string_view(of.name) : attribute_names[static_cast<size_t>(of.attribute)]);
      key(out, operator_names[static_cast<size_t>(of.op)]);
      bool list = of.op == comparison::in || of.op == comparison::between;
      if (list) out.StartArray();
      for (const auto& each : of.operands)
        write(out, each);
      if (list) out.EndArray();
      break;
    }
  }
  out.EndObject();
}

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

std::string condition::to_json() const {
  rapidjson::StringBuffer buffer;
  json_writer writer(buffer);
  write(writer, *root_);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pusher
