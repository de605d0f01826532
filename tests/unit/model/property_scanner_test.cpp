#include "model/property_scanner.hpp"

#include <doctest/doctest.h>

#include <random>

#include "model/json.hpp"

using namespace pusher;

namespace {

std::string unescaped(std::string_view raw) {
  std::string text;
  append_unescaped(text, raw);
  return text;
}

/// Any text of Unicode, with all that JSON has to escape.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces{"a",    "B",  "\"", "\\",   "/",
                                               "\n",   "\t", "\b", "\f",   "\r",
                                               "\x01", "é",  "한", "🙂", std::string(1, '\0'),
                                               "{",    "}",  "[",  "]",    ",",
                                               ":"};
  std::string text;
  for (auto i = random() % 6; i > 0; --i)
    text += pieces[random() % pieces.size()];
  return text;
}

/// The same text as JSON: every character plain, with a short escape or as \u, as it comes.
std::string quoted(const std::string& text, std::mt19937& random) {
  rapidjson::Document value;
  value.SetString(text.data(), static_cast<rapidjson::SizeType>(text.size()), value.GetAllocator());
  auto plain = json::to_text(value);
  std::string made;
  for (char c : plain) {
    if (c >= 'A' && c <= 'Z' && random() % 2) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(c));
      made += hex;
    } else {
      made += c;
    }
  }
  return made;
}

}  // namespace

TEST_CASE("what the scanner finds is what a parser finds") {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string blank = round % 3 == 0 ? " \n" : "", text = blank + "{";
    std::vector<std::string> names;
    for (auto i = random() % 7; i > 0; --i) {
      names.push_back(std::to_string(i) + random_text(random));
      text += std::string(names.size() > 1 ? "," : "") + blank + quoted(names.back(), random) + blank + ":" +
              blank;
      switch (random() % 6) {
        case 0:
          text += quoted(random_text(random), random);
          break;
        case 1:
          text += "[" + quoted(random_text(random), random) + blank + "," +
                  quoted(random_text(random), random) + "]";
          break;
        case 2:
          text += R"({"time":"2026-01-01T00:00:00Z"})";
          break;
        case 3:
          text += random() % 2 ? "true" : "false";
          break;
        case 4:
          text += "-12.5e3";
          break;
        default:
          text += "[]";
      }
      text += blank;
    }
    text += "}";
    auto parsed = json::parse(text);
    REQUIRE_MESSAGE(parsed.ok(), text);
    property_scanner scanner;
    scanner.load(text);
    for (const auto& name : names) {
      auto found = scanner.find(name);
      const auto& wanted =
          (*parsed)[rapidjson::Value(name.data(), static_cast<rapidjson::SizeType>(name.size()))];
      CAPTURE(text);
      if (wanted.IsString()) {
        REQUIRE(found.type == property_value::kind::text);
        CHECK(unescaped(found.raw) == json::view(wanted));
        CHECK(found.escaped == (found.raw.find('\\') != std::string_view::npos));
      } else if (wanted.IsArray()) {
        REQUIRE(found.type == property_value::kind::list);
        rapidjson::SizeType seen = 0;
        any_element(found.raw, [&](std::string_view raw, bool) {
          CHECK(unescaped(raw) == json::view(wanted[seen++]));
          return false;
        });
        CHECK(seen == wanted.Size());
      } else if (wanted.IsObject()) {
        REQUIRE(found.type == property_value::kind::time);
        CHECK(found.raw == "2026-01-01T00:00:00Z");
      } else {
        CHECK(found.type == (wanted.IsBool() ? property_value::kind::boolean : property_value::kind::number));
      }
    }
    CHECK_FALSE(scanner.find("none"));
  }
}

TEST_CASE("text that is cut off or mangled has no properties, and is never read beyond its end") {
  const std::string whole = R"({"a":"x\"y","b":[1,"z"],"c":{"time":"t"},"d":-1,"e":"\u00e9\ud83d\ude42"})";
  for (size_t length = 0; length < whole.size(); ++length) {
    // A copy of its own, so that a sanitizer sees every step too far.
    std::string cut(whole, 0, length);
    cut.shrink_to_fit();
    property_scanner scanner;
    scanner.load(cut);
    for (const char* name : {"a", "b", "c", "d", "e"})
      CHECK_FALSE(scanner.find(name));
  }
  std::mt19937 random(9);
  for (int round = 0; round < 20'000; ++round) {
    auto mangled = whole;
    for (auto i = 1 + random() % 3; i > 0; --i)
      mangled[random() % mangled.size()] = "\"\\{}[],:u0 x"[random() % 12];
    property_scanner scanner;
    scanner.load(mangled);
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      auto found = scanner.find(name);
      (void)unescaped(found.raw);
      any_element(found.raw, [](std::string_view raw, bool) { return unescaped(raw) == "never"; });
    }
  }
}
