#include "model/properties.hpp"

#include "model/clock.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher {

namespace {

error wrong(const std::string& pointer, std::string detail) {
  return {errc::invalid_field, std::move(detail), pointer, 0};
}

result<void> check_value(const rapidjson::Value& value, const std::string& pointer) {
  if (value.IsString() || value.IsBool() || value.IsNumber()) return {};
  if (value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
      if (!value[i].IsString()) return wrong(json::pointer(pointer, size_t{i}), "A list holds only strings.");
    return {};
  }
  if (value.IsObject() && value.MemberCount() == 1 && value.HasMember("time")) {
    const auto& time = value["time"];
    if (time.IsString() && parse_rfc3339(json::view(time))) return {};
    return wrong(json::pointer(pointer, "time"),
                 "This is not a time of RFC 3339 with its zone, such as 2026-11-23T10:00:00Z or "
                 "2026-11-23T19:00:00+09:00.");
  }
  if (value.IsNull())
    return wrong(pointer, "A property cannot be null; leave it out, or remove it with PATCH.");
  return wrong(pointer,
               "A property is a string, a number, true, false, a list of strings or {\"time\": \"…\"}.");
}

result<std::string> bounded_text(const rapidjson::Value& value, const std::string& pointer) {
  if (value.MemberCount() > limits::property_names)
    return wrong(pointer, "A device has at most " + std::to_string(limits::property_names) + " properties.");
  auto text = json::to_text(value);
  if (text.size() > limits::properties_bytes)
    return wrong(pointer, "The properties of a device take at most " +
                              std::to_string(limits::properties_bytes) + " bytes; these take " +
                              std::to_string(text.size()) + ".");
  return text;
}

}  // namespace

result<void> check_property_name(std::string_view name) {
  if (name.empty() || name.size() > limits::property_name_bytes)
    return wrong(
        "", "A property's name has 1 to " + std::to_string(limits::property_name_bytes) + " bytes of UTF-8.");
  for (char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return wrong("", "A property's name has no control characters.");
  return {};
}

result<std::string> checked_properties(const rapidjson::Value& value, const std::string& pointer) {
  if (!value.IsObject()) return wrong(pointer, "Properties are a JSON object.");
  for (const auto& member : value.GetObject()) {
    auto at = json::pointer(pointer, json::view(member.name));
    if (auto good = check_property_name(json::view(member.name)); !good)
      return wrong(at, good.failure().detail);
    if (auto good = check_value(member.value, at); !good) return good.failure();
  }
  return bounded_text(value, pointer);
}

result<std::string> merged_properties(const std::string& stored, const rapidjson::Value& patch,
                                      const std::string& pointer) {
  if (!patch.IsObject()) return wrong(pointer, "Properties are a JSON object.");
  auto document = json::parse(stored);
  if (!document || !document->IsObject())
    return error{errc::corrupt_data, "The stored properties of this device cannot be read.", "", 0};
  auto& memory = document->GetAllocator();
  for (const auto& member : patch.GetObject()) {
    auto at = json::pointer(pointer, json::view(member.name));
    if (auto good = check_property_name(json::view(member.name)); !good)
      return wrong(at, good.failure().detail);
    document->RemoveMember(member.name);
    if (member.value.IsNull()) continue;
    if (auto good = check_value(member.value, at); !good) return good.failure();
    rapidjson::Value name(member.name, memory), value(member.value, memory);
    document->AddMember(name, value, memory);
  }
  return bounded_text(*document, pointer);
}

}  // namespace pusher
