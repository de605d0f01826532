#include "http/field_reader.hpp"

#include "model/json.hpp"

namespace pusher::http {

namespace {

bool has_control(std::string_view text, bool multiline) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == 0x7f || (byte < 0x20 && !(multiline && (c == '\n' || c == '\r' || c == '\t')))) return true;
  }
  return false;
}

}  // namespace

field_reader::field_reader(const rapidjson::Value& object, std::string pointer)
    : object_(object), pointer_(std::move(pointer)) {
  if (!object_.IsObject()) fault_ = error{errc::invalid_field, "This is to be a JSON object.", pointer_, 0};
}

std::string field_reader::pointer_of(const std::string& name) const {
  return json::pointer(pointer_, name);
}

void field_reader::fail(errc code, const std::string& name, std::string detail) {
  if (!fault_) fault_ = error{code, std::move(detail), pointer_of(name), 0};
}

void field_reader::fail(const error& of_part) {
  if (!fault_) fault_ = of_part;
}

const rapidjson::Value* field_reader::find(const char* name) {
  asked_.insert(name);
  if (fault_) return nullptr;
  auto found = object_.FindMember(name);
  if (found == object_.MemberEnd() || found->value.IsNull()) return nullptr;
  return &found->value;
}

const rapidjson::Value* field_reader::any(const char* name) {
  return find(name);
}

void field_reader::refuse(const char* name) {
  if (find(name))
    fail(errc::invalid_field, name, std::string("\"") + name + "\" is not available in this version.");
}

bool field_reader::good_text(const rapidjson::Value& value, const std::string& name, const text_rule& rule) {
  if (!value.IsString()) {
    fail(errc::invalid_field, name, "This is to be a string.");
  } else if (value.GetStringLength() > rule.most) {
    fail(errc::invalid_field, name, "This has at most " + std::to_string(rule.most) + " bytes.");
  } else if (value.GetStringLength() < rule.least) {
    fail(errc::invalid_field, name, "This cannot be empty.");
  } else if (has_control(json::view(value), rule.multiline)) {
    fail(errc::invalid_field, name, "This has a control character in it.");
  }
  return !fault_;
}

std::optional<std::string> field_reader::text(const char* name, const text_rule& rule) {
  const auto* value = find(name);
  if (!value || !good_text(*value, name, rule)) return std::nullopt;
  return std::string(json::view(*value));
}

std::optional<int64_t> field_reader::number(const char* name, int64_t least, int64_t most) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (value->IsInt64() && value->GetInt64() >= least && value->GetInt64() <= most) return value->GetInt64();
  fail(errc::invalid_field, name,
       "This is a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
  return std::nullopt;
}

std::optional<bool> field_reader::flag(const char* name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (value->IsBool()) return value->GetBool();
  fail(errc::invalid_field, name, "This is true or false.");
  return std::nullopt;
}

const rapidjson::Value* field_reader::object(const char* name) {
  const auto* value = find(name);
  if (!value || value->IsObject()) return value;
  fail(errc::invalid_field, name, "This is to be a JSON object.");
  return nullptr;
}

std::optional<std::vector<std::string>> field_reader::texts(const char* name, size_t most_items,
                                                            const text_rule& rule) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (!value->IsArray() || value->Empty() || value->Size() > most_items) {
    fail(errc::invalid_field, name, "This is a list of 1 to " + std::to_string(most_items) + " strings.");
    return std::nullopt;
  }
  std::vector<std::string> made;
  made.reserve(value->Size());
  for (rapidjson::SizeType i = 0; i < value->Size(); ++i) {
    // The fault's place is within the list.
    if (!good_text((*value)[i], std::string(name), rule)) {
      fault_->pointer = json::pointer(pointer_of(name), size_t{i});
      return std::nullopt;
    }
    made.emplace_back(json::view((*value)[i]));
  }
  return made;
}

std::optional<std::map<std::string, std::string>> field_reader::text_map(const char* name) {
  const auto* value = object(name);
  if (!value) return std::nullopt;
  std::map<std::string, std::string> made;
  for (const auto& member : value->GetObject()) {
    std::string key(json::view(member.name));
    if (!member.value.IsString()) {
      fail(errc::invalid_field, name,
           "Values of \"" + std::string(name) + "\" are strings; gateways take nothing else.");
      fault_->pointer = json::pointer(pointer_of(name), key);
      return std::nullopt;
    }
    made.emplace(std::move(key), json::view(member.value));
  }
  return made;
}

void field_reader::require(const char* name) {
  if (!find(name)) fail(errc::missing_field, name, std::string("\"") + name + "\" is required.");
}

result<void> field_reader::finish() {
  if (fault_) return *fault_;
  for (const auto& member : object_.GetObject()) {
    std::string name(json::view(member.name));
    if (asked_.count(name)) continue;
    std::vector<std::string_view> known(asked_.begin(), asked_.end());
    auto near = json::nearest(name, known.data(), known.size());
    return error{errc::unknown_field,
                 "There is no field \"" + name.substr(0, 64) + "\" here." +
                     (near.empty() ? "" : " Did you mean \"" + std::string(near) + "\"?"),
                 pointer_of(name), 0};
  }
  return {};
}

}  // namespace pusher::http
