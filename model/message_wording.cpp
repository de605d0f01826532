#include "model/message_wording.hpp"

#include <algorithm>
#include <functional>

#include <rapidjson/document.h>

#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher {

namespace {

enum class text_kind : uint8_t { words, url };
/// May change the text.
using visitor = std::function<result<void>(std::string& text, text_kind kind, const std::string& pointer)>;

result<void> visit_content(content& of, const std::string& pointer, const visitor& visit) {
  struct field {
    const char* name;
    std::optional<std::string>& text;
    text_kind kind;
  };
  for (const auto& each : {field{"title", of.title, text_kind::words}, field{"body", of.body, text_kind::words},
                           field{"image_url", of.image_url, text_kind::url},
                           field{"icon_url", of.icon_url, text_kind::url},
                           field{"deep_link", of.deep_link, text_kind::url},
                           field{"sound", of.sound, text_kind::words}})
    if (each.text)
      if (auto done = visit(*each.text, each.kind, json::pointer(pointer, each.name)); !done) return done;
  for (auto& [name, text] : of.data)
    if (auto done = visit(text, text_kind::words, json::pointer(json::pointer(pointer, "data"), name)); !done)
      return done;
  return {};
}

/// Visits the strings of an override. Its depth was bounded when it was parsed.
class override_walk {
 public:
  override_walk(rapidjson::Document::AllocatorType& memory, const visitor& visit)
      : memory_(memory), visit_(visit) {}

  result<void> into(rapidjson::Value& value, const std::string& pointer) {
    if (value.IsString()) return text(value, pointer);
    if (value.IsArray())
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
        if (auto done = into(value[i], json::pointer(pointer, size_t{i})); !done) return done;
    if (value.IsObject())
      for (auto& member : value.GetObject())
        if (auto done = into(member.value, json::pointer(pointer, json::view(member.name))); !done)
          return done;
    return {};
  }

 private:
  result<void> text(rapidjson::Value& value, const std::string& pointer) {
    std::string changed(json::view(value));
    if (auto done = visit_(changed, text_kind::words, pointer); !done) return done;
    if (changed != json::view(value))
      value.SetString(changed.data(), static_cast<rapidjson::SizeType>(changed.size()), memory_);
    return {};
  }

  rapidjson::Document::AllocatorType& memory_;
  const visitor& visit_;
};

result<void> visit_override(std::string& text, const char* name, const visitor& visit) {
  if (!may_have_variables(text)) return {};
  auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return {};  // rendering tells
  std::string pointer = std::string("/") + name;
  override_walk walk(parsed->GetAllocator(), visit);
  if (auto done = walk.into(*parsed, pointer); !done) return done;
  text = json::to_text(*parsed);
  return {};
}

result<void> visit_overrides(message& of, const visitor& visit) {
  for (auto [name, text] : {std::pair("android", &of.android),
                            {"apns", &of.apns},
                            {"webpush", &of.webpush},
                            {"hms", &of.hms}})
    if (auto done = visit_override(*text, name, visit); !done) return done;
  return {};
}

std::string localization_pointer(const localization& of) {
  return json::pointer("/content/localizations", of.locale);
}

/// All texts, those of the localizations too.
result<void> visit_all(message& of, const visitor& visit) {
  if (auto done = visit_content(of.content, "/content", visit); !done) return done;
  for (auto& each : of.localizations)
    if (auto done = visit_content(each.content, localization_pointer(each), visit); !done) return done;
  return visit_overrides(of, visit);
}

// -- wording --

bool begins_as_url(std::string_view text) {
  return text.substr(0, 8) == "https://" || text.substr(0, 7) == "http://";
}

bool has_blanks(std::string_view text) {
  return text.find_first_of(" \t\r\n") != std::string_view::npos;
}

/// Whether values must not break out of the URL that the text is.
bool is_url(const std::vector<template_piece>& pieces, text_kind kind) {
  if (kind == text_kind::url) return true;
  if (pieces.empty() || pieces[0].from || !begins_as_url(pieces[0].text)) return false;
  return std::none_of(pieces.begin(), pieces.end(),
                      [](const auto& each) { return !each.from && has_blanks(each.text); });
}

std::string unused_mark(const message& of) {
  auto uses = [&](const std::string& mark) {
    bool found = false;
    auto look = [&](std::string_view text) { found = found || text.find(mark) != std::string_view::npos; };
    for (const auto* text : {&of.content.title, &of.content.body, &of.content.image_url, &of.content.icon_url,
                             &of.content.deep_link, &of.content.sound})
      if (*text) look(**text);
    for (const auto& [name, text] : of.content.data) {
      look(name);
      look(text);
    }
    for (const auto* text : {&of.android, &of.apns, &of.webpush, &of.hms})
      look(*text);
    return found;
  };
  // A character that nobody uses, and that JSON leaves as it is.
  for (unsigned number = 0;; ++number)
    if (auto mark = "\xEF\xB7\x90" + std::to_string(number) + ":"; !uses(mark)) return mark;
}

/// Puts blanks in the place of variables.
class blank_writer {
 public:
  explicit blank_writer(message& of) : of_(of) {}

  result<void> operator()(std::string& text, text_kind kind, const std::string&) {
    if (!may_have_variables(text)) return {};
    auto pieces = parse_template(text);
    if (!pieces) return {};  // was checked when it came in
    bool url = is_url(*pieces, kind);
    std::string written;
    auto form = value_form::url_start;
    for (const auto& piece : *pieces) {
      if (piece.from) {
        if (kind == text_kind::url && form == value_form::url_start) of_.by_device = true;
        append_blank(written, piece, url ? form : value_form::text);
      } else {
        written += piece.text;
        if (piece.text.find_first_of("?#") != std::string::npos) form = value_form::url_query;
      }
      if (form == value_form::url_start) form = value_form::url_path;
    }
    text = std::move(written);
    return {};
  }

 private:
  void append_blank(std::string& to, const template_piece& piece, value_form form) {
    auto known = std::find(of_.variables.begin(), of_.variables.end(), *piece.from);
    // The quote shows, by the backslashes that come before it, in how many JSON strings the blank stands.
    to += of_.mark + std::to_string(of_.blanks.size()) + '"';
    of_.blanks.push_back({static_cast<size_t>(known - of_.variables.begin()), form, piece.text});
  }

  message& of_;
};

/// Whether a locale is the other one or a kind of it.
bool is_within(std::string_view locale, std::string_view of) {
  return locale.substr(0, of.size()) == of && (locale.size() == of.size() || locale[of.size()] == '-');
}

void lay_over(const content& from, content& to) {
  auto take = [](const auto& given, auto& into) {
    if (given) into = given;
  };
  take(from.title, to.title);
  take(from.body, to.body);
  take(from.image_url, to.image_url);
  take(from.icon_url, to.icon_url);
  take(from.deep_link, to.deep_link);
  take(from.sound, to.sound);
  take(from.badge, to.badge);
  for (const auto& [name, text] : from.data)
    to.data[name] = text;
}

// -- values --

constexpr char hex_digits[] = "0123456789ABCDEF";

void append_percent(std::string& to, char c) {
  auto byte = static_cast<unsigned char>(c);
  to += '%';
  to += hex_digits[byte >> 4];
  to += hex_digits[byte & 15];
}

bool may_stand_in_url(char c, value_form form) {
  auto byte = static_cast<unsigned char>(c);
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  if (std::string_view("-._~").find(c) != std::string_view::npos) return true;
  if (form == value_form::url_path) return std::string_view("/:@!$'()*,;+=&").find(c) != std::string_view::npos;
  if (form == value_form::url_query) return false;
  return byte > 0x20 && byte != 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

/// As a JSON writer writes it.
void append_json_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') {
      to += c;
      continue;
    }
    to += '\\';
    switch (c) {
      case '\b':
        to += 'b';
        break;
      case '\f':
        to += 'f';
        break;
      case '\n':
        to += 'n';
        break;
      case '\r':
        to += 'r';
        break;
      case '\t':
        to += 't';
        break;
      case '"':
      case '\\':
        to += c;
        break;
      default:
        to += "u00";
        to += hex_digits[byte >> 4];
        to += hex_digits[byte & 15];
    }
  }
}

void append_escaped(std::string& to, std::string_view text, unsigned json_depth) {
  if (json_depth == 0) {
    to += text;
  } else if (json_depth == 1) {
    append_json_escaped(to, text);
  } else {
    std::string inner;
    append_json_escaped(inner, text);
    append_escaped(to, inner, json_depth - 1);
  }
}

void append_value(std::string& to, std::string_view value, value_form form, unsigned json_depth) {
  if (form == value_form::text) return append_escaped(to, value, json_depth);
  // What is left as it is needs no escape of JSON's.
  for (char c : value) {
    if (may_stand_in_url(c, form))
      to += c;
    else
      append_percent(to, c);
  }
}

/// How many JSON strings put so many backslashes before a quote.
unsigned depth_of(size_t backslashes) {
  unsigned depth = 0;
  for (; backslashes > 0; backslashes /= 2)
    ++depth;
  return depth;
}

}  // namespace

std::vector<variable> variables_of(const message& content) {
  std::vector<variable> found;
  message copy = content;
  (void)visit_all(copy, [&](std::string& text, text_kind, const std::string&) -> result<void> {
    if (!may_have_variables(text)) return {};
    auto pieces = parse_template(text);
    if (!pieces) return {};
    for (auto& piece : *pieces)
      if (piece.from && std::find(found.begin(), found.end(), *piece.from) == found.end())
        found.push_back(std::move(*piece.from));
    return {};
  });
  return found;
}

result<void> check_wording(const message& content, bool has_targets) {
  message copy = content;
  auto wrong = [](std::string detail, const std::string& pointer) {
    return error{errc::invalid_field, std::move(detail), pointer, 0};
  };
  auto good = visit_all(copy, [&](std::string& text, text_kind, const std::string& pointer) -> result<void> {
    if (!may_have_variables(text)) return {};
    auto pieces = parse_template(text);
    if (!pieces) return wrong(pieces.failure().detail, pointer);
    for (const char* headers : {"/apns/headers/", "/webpush/headers/"})
      if (pointer.rfind(headers, 0) == 0)
        return wrong("Headers are the same for every device: they take no variables. (For braces as such, "
                     "write \\{{.)",
                     pointer);
    for (const auto& piece : *pieces)
      if (piece.from && piece.from->source == variable_source::target && !has_targets)
        return wrong("\"" + to_string(*piece.from) + "\" has a value only with audience.targets.", pointer);
    return {};
  });
  if (!good) return good;
  auto used = variables_of(content).size();
  if (used > limits::variables)
    return wrong("The texts use " + std::to_string(used) + " variables; they may use " +
                     std::to_string(limits::variables) + ".",
                 "/content");
  return {};
}

void take_literally(notification_draft& draft) {
  visitor escape = [](std::string& text, text_kind, const std::string&) -> result<void> {
    std::string made;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, 2, "{{") != 0) {
        made += text[i];
        continue;
      }
      // Backslashes before braces count twice, and one more takes their meaning away.
      auto last = made.find_last_not_of('\\');
      made.append(made.size() - (last == std::string::npos ? 0 : last + 1) + 1, '\\');
      made += "{{";
      ++i;
    }
    text = std::move(made);
    return {};
  };
  (void)visit_content(draft.content, "", escape);
  for (auto& each : draft.localizations)
    (void)visit_content(each.content, "", escape);
  for (auto* text : {&draft.android, &draft.apns, &draft.webpush, &draft.hms})
    (void)visit_override(*text, "", escape);
}

message worded(const message& content, size_t localization) {
  message made = content;
  made.localizations.clear();
  if (localization > 0 && localization <= content.localizations.size()) {
    // From the general to the particular: `ko` stands before `ko-KR`.
    const auto& locale = content.localizations[localization - 1].locale;
    for (const auto& each : content.localizations)
      if (is_within(locale, each.locale)) lay_over(each.content, made.content);
  }
  made.mark = unused_mark(made);
  blank_writer write(made);
  (void)visit_content(made.content, "", write);
  (void)visit_overrides(made, write);
  return made;
}

message completed(const message& worded, const std::vector<std::string>& values) {
  message made = worded;
  made.blanks.clear();
  made.by_device = false;
  std::string filled;
  auto fill = [&](std::string& text) {
    blank_text form(text, worded);
    if (form.plain()) return;
    filled.clear();
    form.fill(values, filled);
    text = filled;
  };
  (void)visit_content(made.content, "", [&](std::string& text, text_kind, const std::string&) -> result<void> {
    fill(text);
    return {};
  });
  for (auto* text : {&made.android, &made.apns, &made.webpush, &made.hms})
    fill(*text);
  if (!worded.by_device) return made;
  for (auto* url : {&made.content.image_url, &made.content.icon_url})
    if (*url && !begins_as_url(**url)) url->reset();
  if (made.content.deep_link && made.content.deep_link->empty()) made.content.deep_link.reset();
  return made;
}

blank_text::blank_text(std::string_view text, const message& worded) {
  size_t from = 0;
  while (!worded.blanks.empty()) {
    auto at = text.find(worded.mark, from);
    if (at == std::string_view::npos) break;
    text_ += text.substr(from, at - from);
    size_t number = 0;
    for (at += worded.mark.size(); at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      number = number * 10 + static_cast<size_t>(text[at] - '0');
    auto quote = std::min(text.find('"', at), text.size());
    place made{text_.size(), depth_of(quote - at), {}};
    from = std::min(quote + 1, text.size());
    if (number >= worded.blanks.size()) continue;
    made.what = worded.blanks[number];
    made.what.fallback.clear();
    append_escaped(made.what.fallback, worded.blanks[number].fallback, made.json_depth);
    places_.push_back(std::move(made));
  }
  text_ += text.substr(from);
}

void blank_text::fill(const std::vector<std::string>& values, std::string& into) const {
  size_t from = 0;
  for (const auto& each : places_) {
    into.append(text_, from, each.at - from);
    from = each.at;
    auto number = each.what.variable;
    if (number >= values.size() || values[number].empty())
      into += each.what.fallback;
    else
      append_value(into, values[number], each.what.form, each.json_depth);
  }
  into.append(text_, from, std::string::npos);
}

}  // namespace pusher
