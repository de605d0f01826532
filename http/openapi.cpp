#include "http/openapi.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <map>

#include "model/json.hpp"

namespace pusher::http {

namespace {

using rapidjson::Value;

constexpr std::string_view common_name = "common";
constexpr std::string_view methods[] = {"get", "put", "post", "patch", "delete"};

error corrupt(std::string_view source, const std::string& detail) {
  return {errc::corrupt_data, "openapi/" + std::string(source) + ".json: " + detail, "", 0};
}

bool is_method(std::string_view name) {
  return std::find(std::begin(methods), std::end(methods), name) != std::end(methods);
}

/// A topic, parsed into the memory of the document that is made.
struct topic {
  std::string_view name;
  Value content;
  int order = 0;
};

class openapi_assembler {
 public:
  result<std::string> assemble(const std::vector<openapi_source>& sources) {
    std::vector<topic> topics;
    for (const auto& each : sources)
      if (auto good = read(each, topics); !good) return good.failure();
    if (!document_.IsObject() || !document_.HasMember("components"))
      return corrupt(common_name, "There is no common source.");
    take_rules();
    std::stable_sort(topics.begin(), topics.end(),
                     [](const topic& one, const topic& other) { return one.order < other.order; });
    for (auto& each : topics)
      if (auto good = add(each); !good) return good.failure();
    add_headers(document_["components"]["responses"], rules_["every_route"]);
    return json::to_text(document_);
  }

 private:
  result<void> read(const openapi_source& source, std::vector<topic>& topics) {
    auto parsed = json::parse(source.text);
    if (!parsed) return corrupt(source.name, parsed.failure().detail);
    if (source.name == common_name) {
      document_.CopyFrom(*parsed, memory_);
      return {};
    }
    topic made{source.name, Value(*parsed, memory_), 0};
    if (!made.content.IsObject() || !made.content.HasMember("order") || !made.content["order"].IsInt())
      return corrupt(source.name, "A topic has an \"order\".");
    made.order = made.content["order"].GetInt();
    topics.push_back(std::move(made));
    return {};
  }

  void take_rules() {
    rules_ = document_["x-added-to"];
    document_.RemoveMember("x-added-to");
    document_.AddMember("tags", Value(rapidjson::kArrayType), memory_);
    document_.AddMember("paths", Value(rapidjson::kObjectType), memory_);
  }

  result<void> add(topic& each) {
    auto& tag = each.content["tag"];
    Value tag_name(tag["name"], memory_);
    document_["tags"].PushBack(tag, memory_);
    for (auto& path : each.content["paths"].GetObject()) {
      for (auto& member : path.value.GetObject())
        if (is_method(json::view(member.name))) complete(json::view(path.name), member.value, tag_name);
    }
    if (auto good = move(each.name, each.content["paths"], document_["paths"]); !good) return good;
    for (const char* section : {"parameters", "headers", "responses", "schemas"})
      if (each.content.HasMember(section))
        if (auto good = move(each.name, each.content[section], document_["components"][section]); !good)
          return good;
    return {};
  }

  result<void> move(std::string_view source, Value& from, Value& to) {
    for (auto& member : from.GetObject()) {
      if (to.HasMember(member.name))
        return corrupt(source, "\"" + std::string(json::view(member.name)) + "\" is defined twice.");
      to.AddMember(member.name, member.value, memory_);
    }
    return {};
  }

  /// Adds to an operation what all of its kind have.
  void complete(std::string_view path, Value& operation, const Value& tag) {
    Value tags(rapidjson::kArrayType);
    tags.PushBack(Value(tag, memory_), memory_);
    operation.AddMember("tags", tags, memory_);
    apply("every_route", operation);
    bool with_key = !operation.HasMember("security") || !operation["security"].Empty();
    if (with_key) apply("with_key", operation);
    if (path.find('{') != std::string_view::npos) apply("with_path_names", operation);
    if (operation.HasMember("requestBody")) apply("with_body", operation);
    if (takes_idempotency_key(operation)) apply("with_idempotency_key", operation);
    sort_responses(operation["responses"]);
  }

  static bool takes_idempotency_key(const Value& operation) {
    auto found = operation.FindMember("parameters");
    if (found == operation.MemberEnd()) return false;
    return std::any_of(found->value.Begin(), found->value.End(), [](const Value& each) {
      auto ref = each.FindMember("$ref");
      return ref != each.MemberEnd() && json::view(ref->value) == "#/components/parameters/idempotency_key";
    });
  }

  void apply(const char* kind, Value& operation) {
    const auto& rule = rules_[kind];
    if (auto wanted = rule.FindMember("parameters"); wanted != rule.MemberEnd()) {
      if (!operation.HasMember("parameters"))
        operation.AddMember("parameters", Value(rapidjson::kArrayType), memory_);
      for (const auto& each : wanted->value.GetArray())
        operation["parameters"].PushBack(reference("parameters", each), memory_);
    }
    auto& responses = operation["responses"];
    add_headers(responses, rule);
    for (const auto& each : rule["responses"].GetObject())
      if (!responses.HasMember(each.name))
        responses.AddMember(Value(each.name, memory_), reference("responses", each.value), memory_);
  }

  /// To the answers that are written out; those that are referred to have theirs.
  void add_headers(Value& responses, const Value& rule) {
    auto wanted = rule.FindMember("headers");
    if (wanted == rule.MemberEnd()) return;
    for (auto& response : responses.GetObject()) {
      if (response.value.HasMember("$ref")) continue;
      if (!response.value.HasMember("headers"))
        response.value.AddMember("headers", Value(rapidjson::kObjectType), memory_);
      auto& headers = response.value["headers"];
      for (const auto& each : wanted->value.GetObject())
        if (!headers.HasMember(each.name))
          headers.AddMember(Value(each.name, memory_), reference("headers", each.value), memory_);
    }
  }

  Value reference(const char* section, const Value& name) {
    auto text = "#/components/" + std::string(section) + "/" + std::string(json::view(name));
    Value made(rapidjson::kObjectType);
    made.AddMember("$ref", Value(text.c_str(), memory_), memory_);
    return made;
  }

  void sort_responses(Value& responses) {
    std::map<std::string, Value> sorted;
    for (auto& each : responses.GetObject())
      sorted.emplace(json::view(each.name), std::move(each.value));
    responses.SetObject();
    for (auto& [status, response] : sorted)
      responses.AddMember(Value(status.c_str(), memory_), response, memory_);
  }

  rapidjson::Document document_;
  rapidjson::Document::AllocatorType& memory_ = document_.GetAllocator();
  Value rules_;
};

}  // namespace

result<std::string> assemble_openapi(const std::vector<openapi_source>& sources) {
  return openapi_assembler().assemble(sources);
}

const result<std::string>& openapi_document() {
  static const auto made = assemble_openapi(openapi_sources());
  return made;
}

}  // namespace pusher::http
