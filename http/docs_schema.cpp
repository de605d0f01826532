#include "http/docs_schema.hpp"

#include "http/docs_html.hpp"
#include "model/json_members.hpp"

namespace pusher::http {

namespace {

using json::find;
using rapidjson::Value;

/// "1 to 64", "at least 1", "at most 64" or nothing.
std::string bounds(const Value& schema, const char* least, const char* most) {
  const auto *low = find(schema, least), *high = find(schema, most);
  if (low && high) return json::to_text(*low) + " to " + json::to_text(*high);
  if (low) return "at least " + json::to_text(*low);
  if (high) return "at most " + json::to_text(*high);
  return "";
}

std::string with(const std::string& word, const std::string& bound, const char* unit) {
  return bound.empty() ? word : word + " of " + bound + unit;
}

bool requires_field(const Value& schema, const Value& name) {
  const auto* required = find(schema, "required");
  if (!required) return false;
  for (const auto& each : required->GetArray())
    if (each == name) return true;
  return false;
}

}  // namespace

const Value& docs_schemas::resolved(const Value& value) const {
  const auto* ref = find(value, "$ref");
  if (!ref) return value;
  auto path = json::view(*ref).substr(2);
  const Value* at = &document_;
  while (!path.empty()) {
    auto end = path.find('/');
    at = &(*at)[std::string(path.substr(0, end)).c_str()];
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return *at;
}

std::string docs_schemas::words(const Value& schema) const {
  if (const auto* ref = find(schema, "$ref")) {
    auto name = html_text(json::view(*ref).substr(json::view(*ref).rfind('/') + 1));
    return "<a href=\"#schema-" + name + "\">" + name + "</a>";
  }
  if (const auto* only = find(schema, "const")) return "<code>" + html_text(json::to_text(*only)) + "</code>";
  if (const auto* choices = find(schema, "enum")) {
    std::string made;
    for (const auto& each : choices->GetArray())
      made += (made.empty() ? "<code>" : ", <code>") +
              html_text(each.IsString() ? json::view(each) : json::to_text(each)) + "</code>";
    return made;
  }
  if (const auto* choices = find(schema, "anyOf")) return of_choices(*choices);
  const auto* type = find(schema, "type");
  if (!type) return "any value";
  if (type->IsString()) return of_type(schema, json::view(*type));
  std::string made;
  for (const auto& each : type->GetArray())
    made += (made.empty() ? "" : " or ") + of_type(schema, json::view(each));
  return made;
}

std::string docs_schemas::of_choices(const Value& choices) const {
  std::string made;
  for (const auto& each : choices.GetArray())
    made += (made.empty() ? "" : " or ") + words(each);
  return made;
}

std::string docs_schemas::of_type(const Value& schema, std::string_view type) const {
  if (type == "integer") return with("whole number", bounds(schema, "minimum", "maximum"), "");
  if (type == "number") return with("number", bounds(schema, "minimum", "maximum"), "");
  if (type == "string") {
    if (const auto* format = find(schema, "format")) return "string (" + html_text(json::view(*format)) + ")";
    return with("string", bounds(schema, "minLength", "maxLength"), " characters");
  }
  if (type == "array") {
    auto items = find(schema, "items") ? words(*find(schema, "items")) : "anything";
    return with("list", bounds(schema, "minItems", "maxItems"), "") + ": " + items;
  }
  if (type != "object") return std::string(type);
  if (const auto* most = find(schema, "maxProperties"); most && most->GetInt() == 0) return "<code>{}</code>";
  const auto* others = find(schema, "additionalProperties");
  if (others && others->IsObject()) return "object whose values are " + words(*others);
  // A form of few fields is told by them.
  const auto* properties = find(schema, "properties");
  if (!properties || properties->MemberCount() != 1 ||
      !requires_field(schema, properties->MemberBegin()->name))
    return "object";
  return "<code>{\"" + html_text(json::view(properties->MemberBegin()->name)) + "\": …}</code>";
}

std::string docs_schemas::described(const Value& content) const {
  if (const auto* line = find(content, "x-line-schema")) return "one " + words(*line) + " per line";
  const auto* schema = find(content, "schema");
  return schema ? words(*schema) + fields(*schema) : "";
}

/// The fields of an object that is written out here, with theirs.
std::string docs_schemas::fields(const Value& schema) const {
  if (const auto* items = find(schema, "items")) return fields(*items);
  const auto* properties = find(schema, "properties");
  if (!properties) return "";
  std::string made = "<dl>";
  for (const auto& each : properties->GetObject()) {
    made += "<dt><code>" + html_text(json::view(each.name)) + "</code>";
    if (requires_field(schema, each.name)) made += " <strong>required</strong>";
    made += " <span class=\"soft\">" + words(each.value) + "</span></dt><dd>";
    if (const auto* text = find(each.value, "description")) made += html_inline(json::view(*text));
    made += fields(each.value) + "</dd>";
  }
  return made + "</dl>";
}

std::string docs_schemas::section() const {
  std::string made = "<section><h2 id=\"schemas\">Schemas</h2>";
  for (const auto& each : document_["components"]["schemas"].GetObject()) {
    auto name = html_text(json::view(each.name));
    made += "<article id=\"schema-" + name + "\"><h3>" + name + "</h3><p class=\"soft\">" +
            words(each.value) + "</p>";
    if (const auto* text = find(each.value, "description")) made += html_paragraphs(json::view(*text));
    made += fields(each.value) + "</article>\n";
  }
  return made + "</section>";
}

}  // namespace pusher::http
