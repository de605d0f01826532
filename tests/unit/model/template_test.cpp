#include "model/template.hpp"

#include <doctest/doctest.h>

#include "model/utf8.hpp"

using namespace pusher;

namespace {

/// The pieces in a form that is easily compared: constant text as it is, variables in angle brackets.
std::string shown(std::string_view text) {
  auto pieces = parse_template(text);
  if (!pieces) return "fault: " + pieces.failure().detail;
  std::string all;
  for (const auto& each : *pieces)
    all += each.from ? "<" + to_string(*each.from) + "=" + each.text + ">" : each.text;
  return all;
}

bool says(std::string_view text, std::string_view part) {
  auto pieces = parse_template(text);
  return !pieces && pieces.failure().code == errc::invalid_field &&
         pieces.failure().detail.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a text with variables is cut into its pieces") {
  CHECK(shown("Hello {{properties.first_name | there}}!") == "Hello <properties.first_name=there>!");
  CHECK(shown("{{properties.a}}{{variables.b|}}") == "<properties.a=><variables.b=>");
  CHECK(shown("{{  device.locale\t|  two  words  }}") == "<device.locale=two  words>");
  CHECK(shown("{{properties.dotted.name.here}}") == "<properties.dotted.name.here=>");
  CHECK(shown("{{properties.größe | 🙂}}") == "<properties.größe=🙂>");
  CHECK(shown(R"({{properties.a | " kept }} | "  }}.)") == "<properties.a= kept }} | >.");
  CHECK(shown("{{properties.a | b | c}}") == "<properties.a=b | c>");
  CHECK(shown("{ } }} }{ {a}") == "{ } }} }{ {a}");
  CHECK(shown("").empty());
}

TEST_CASE("braces as such are written with a backslash") {
  CHECK(shown(R"(\{{properties.a}})") == "{{properties.a}}");
  CHECK(shown(R"(\\{{properties.a}})") == R"(\<properties.a=>)");
  CHECK(shown(R"(\\\{{properties.a}})") == R"(\{{properties.a}})");
  CHECK(shown(R"(a\b \{{\{{ c:\)") == R"(a\b {{{{ c:\)");
}

TEST_CASE("a malformed variable is refused with its place") {
  CHECK(says("ab{{properties.x", "at character 3 is not closed"));
  CHECK(says("äö{{properties.x}", "at character 3 is not closed"));
  CHECK(says("{{properties.x | default", "is not closed"));
  CHECK(says("{{properties.x {{properties.y}}", "is not closed"));
  CHECK(says("{{properties.x | {{properties.y}}}}", "a default is constant text"));
  CHECK(says("{{}}", "names no value"));
  CHECK(says("{{name}}", "names no value"));
  CHECK(says("{{{properties.x}}}", "names no value"));
  CHECK(says("{{propertys.x}}", "perhaps properties.NAME"));
  CHECK(says("{{properties.}}", "has a bad name"));
  CHECK(says("{{properties." + std::string(65, 'x') + "}}", "has a bad name"));
  CHECK(says("{{properties.a\nb}}", "has a bad name"));
  CHECK(says("{{device.token}}", "choose from app_version, device_id"));
  CHECK(says(R"({{properties.x | "open }})", "quote is not closed"));
  CHECK(says(R"({{properties.x | "a" b}})", "between its quoted default"));
}

TEST_CASE("a text is shortened between characters as readers see them") {
  CHECK(utf8::characters("a🙂ö") == 3);
  CHECK(utf8::cut("aö", 2) == "a");
  CHECK(utf8::shortened("short", 5) == "short");
  CHECK(utf8::shortened("Hello world", 7) == "Hello w…");
  CHECK(utf8::shortened("Hello world", 6) == "Hello…");
  CHECK(utf8::shortened("ab🙂", 5) == "ab…");
  // A family is one character of five code points; a flag one of two; an accent belongs to its letter.
  CHECK(utf8::shortened("a👨‍👩‍👧!", 12) == "a…");
  CHECK(utf8::shortened("🇩🇪🇰🇷", 12) == "🇩🇪…");
  CHECK(utf8::shortened("ne\xCC\x81""e", 2) == "n…");
  CHECK(utf8::shortened("日本語", 4) == "日…");
  CHECK(utf8::shortened("日本語", 0) == "…");
}
