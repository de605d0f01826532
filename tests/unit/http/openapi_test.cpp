#include "http/openapi.hpp"

#include <doctest/doctest.h>

#include <set>

#include "http/routes.hpp"
#include "model/json.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

const rapidjson::Document& document() {
  static const auto made = [] {
    const auto& text = openapi_document();
    REQUIRE_MESSAGE(text.ok(), text.failure().detail);
    auto parsed = json::parse(*text);
    REQUIRE(parsed.ok());
    return std::move(*parsed);
  }();
  return made;
}

/// What a reference leads to, or the value itself.
const rapidjson::Value& resolved(const rapidjson::Value& value) {
  auto found = value.FindMember("$ref");
  if (found == value.MemberEnd()) return value;
  auto path = std::string(json::view(found->value));
  const rapidjson::Value* at = &document();
  for (size_t from = 2; from <= path.size();) {
    auto to = std::min(path.find('/', from), path.size());
    auto next = at->FindMember(path.substr(from, to - from).c_str());
    REQUIRE_MESSAGE(next != at->MemberEnd(), path);
    at = &next->value;
    from = to + 1;
  }
  return *at;
}

std::string upper(std::string_view text) {
  std::string made(text);
  for (auto& c : made)
    c = static_cast<char>(c - 32);
  return made;
}

std::string scope_of(const rapidjson::Value& operation) {
  const auto& security = operation["security"];
  if (security.Empty()) return "";
  return security[0]["api_key"][0].GetString();
}

std::string line(std::string_view method, std::string_view path, std::string_view scope,
                 const std::set<std::string>& query) {
  auto text = std::string(method) + " " + std::string(path) + " scope:" + std::string(scope);
  for (const auto& each : query)
    text += " ?" + each;
  return text;
}

/// Each operation of the document as one line.
std::set<std::string> described() {
  std::set<std::string> lines;
  for (const auto& path : document()["paths"].GetObject()) {
    for (const auto& operation : path.value.GetObject()) {
      if (json::view(operation.name) == "parameters") continue;
      std::set<std::string> query;
      for (const auto& each : operation.value["parameters"].GetArray())
        if (json::view(resolved(each)["in"]) == "query") query.emplace(json::view(resolved(each)["name"]));
      lines.insert(
          line(upper(json::view(operation.name)), json::view(path.name), scope_of(operation.value), query));
    }
  }
  return lines;
}

/// Follows every reference below a value, and notes it.
void check_references(const rapidjson::Value& value, std::set<std::string>& into) {
  if (value.IsArray())
    for (const auto& each : value.GetArray())
      check_references(each, into);
  if (!value.IsObject()) return;
  auto found = value.FindMember("$ref");
  if (found != value.MemberEnd() && found->value.IsString()) {
    (void)resolved(value);
    into.emplace(json::view(found->value));
  }
  for (const auto& member : value.GetObject())
    check_references(member.value, into);
}

}  // namespace

TEST_CASE("every route is described with its scope and query parameters, and nothing else is") {
  auto lines = described();
  // The server answers these before any route is looked for.
  std::set<std::string> wanted{line("GET", "/livez", "", {}), line("GET", "/readyz", "", {})};
  for (const auto& each : all_routes())
    wanted.insert(line(each.method, each.pattern, each.scope, {each.query.begin(), each.query.end()}));
  for (const auto& each : wanted)
    CHECK_MESSAGE(lines.count(each) == 1, "not described: " << each);
  for (const auto& each : lines)
    CHECK_MESSAGE(wanted.count(each) == 1, "described, but not so in the table of routes: " << each);
}

TEST_CASE("every reference of the document leads somewhere, and everything that can be referred to is") {
  std::set<std::string> used;
  check_references(document(), used);
  for (const char* section : {"parameters", "headers", "responses", "schemas"})
    for (const auto& each : document()["components"][section].GetObject()) {
      auto name = "#/components/" + std::string(section) + "/" + std::string(json::view(each.name));
      CHECK_MESSAGE(used.count(name) == 1, "nothing refers to " << name);
    }
}

TEST_CASE(
    "every operation has a name of its own, a summary, its path's names and an answer that is not a fault") {
  std::set<std::string> names;
  for (const auto& path : document()["paths"].GetObject()) {
    for (const auto& member : path.value.GetObject()) {
      if (json::view(member.name) == "parameters") continue;
      const auto& operation = member.value;
      std::string where = upper(json::view(member.name)) + " " + std::string(json::view(path.name));
      CAPTURE(where);
      REQUIRE(operation.HasMember("operationId"));
      CHECK(names.emplace(json::view(operation["operationId"])).second);
      CHECK(operation["summary"].GetStringLength() > 0);
      bool good = false;
      for (const auto& response : operation["responses"].GetObject()) {
        good = good || json::view(response.name)[0] == '2';
        CHECK(resolved(response.value)["description"].GetStringLength() > 0);
        CHECK(resolved(response.value)["headers"].HasMember("X-Request-Id"));
      }
      CHECK(good);
      size_t placeholders = 0, described_names = 0;
      for (char c : json::view(path.name))
        placeholders += c == '{' ? 1 : 0;
      if (path.value.HasMember("parameters"))
        for (const auto& each : path.value["parameters"].GetArray())
          described_names += json::view(resolved(each)["in"]) == "path" ? 1 : 0;
      CHECK(placeholders == described_names);
      if (operation.HasMember("requestBody"))
        for (const auto& content : operation["requestBody"]["content"].GetObject())
          CHECK_MESSAGE(content.value.HasMember("examples"), "a body without an example");
    }
  }
}

TEST_CASE("every code of a problem is listed") {
  std::set<std::string> listed;
  for (const auto& each : document()["components"]["schemas"]["ProblemCode"]["enum"].GetArray())
    listed.emplace(json::view(each));
  for (int code = 0; code <= static_cast<int>(errc::internal); ++code)
    CHECK_MESSAGE(listed.count(std::string(to_string(static_cast<errc>(code)))) == 1, code);
  CHECK(listed.size() == static_cast<size_t>(errc::internal) + 1);
}

TEST_CASE("a source that is not JSON, or defines what another defines, is named") {
  auto sources = openapi_sources();
  sources.push_back({"more", "{"});
  auto made = assemble_openapi(sources);
  REQUIRE(!made.ok());
  CHECK(made.failure().detail.find("openapi/more.json") == 0);
  sources.back().text = R"({"order":1,"tag":{"name":"More"},"paths":{"/livez":{}}})";
  made = assemble_openapi(sources);
  REQUIRE(!made.ok());
  CHECK(made.failure().detail.find("\"/livez\" is defined twice") != std::string::npos);
}

TEST_CASE("the document is the same each time, whatever the order of its sources") {
  auto sources = openapi_sources();
  std::reverse(sources.begin(), sources.end());
  CHECK(*assemble_openapi(sources) == *openapi_document());
}
