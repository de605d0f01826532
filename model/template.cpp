#include "model/template.hpp"

#include <algorithm>

#include "model/json.hpp"
#include "model/properties.hpp"
#include "model/utf8.hpp"

namespace pusher {

namespace {

constexpr std::string_view opening = "{{", closing = "}}";

struct name_space {
  std::string_view name;
  variable_source source;
};
constexpr std::array<name_space, 3> name_spaces{{{"properties", variable_source::property},
                                                 {"device", variable_source::device},
                                                 {"variables", variable_source::target}}};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  result<std::vector<template_piece>> parse() {
    while (at_ < text_.size()) {
      auto next = text_.find(opening, at_);
      constant_ += text_.substr(at_, next - at_);
      if (next == std::string_view::npos) break;
      at_ = next + opening.size();
      if (escaped()) {
        constant_ += opening;
        continue;
      }
      begin_ = next;
      if (auto taken = take_variable(); !taken) return taken.failure();
    }
    end_constant();
    return std::move(pieces_);
  }

 private:
  void end_constant() {
    if (!constant_.empty()) pieces_.push_back({std::exchange(constant_, {}), std::nullopt});
  }

  /// Whether backslashes take the meaning from the braces that follow them: each pair of them is one
  /// backslash, and one that is left over does.
  bool escaped() {
    auto last = constant_.find_last_not_of('\\');
    auto count = constant_.size() - (last == std::string::npos ? 0 : last + 1);
    constant_.resize(constant_.size() - (count + 1) / 2);
    return count % 2 == 1;
  }

  result<void> take_variable() {
    auto stop = text_.find_first_of("|}", at_);
    while (stop != std::string_view::npos && text_[stop] == '}' && text_.substr(stop, 2) != closing)
      stop = text_.find_first_of("|}", stop + 1);
    if (stop == std::string_view::npos) return fault("is not closed by \"}}\"");
    auto path = trimmed(text_.substr(at_, stop - at_));
    if (path.find(opening) != std::string_view::npos) return fault("is not closed by \"}}\"");
    auto found = read_name(path);
    if (!found) return found.failure();
    at_ = stop;
    std::string fallback;
    if (text_[stop] == '|') {
      ++at_;
      auto read = take_default();
      if (!read) return read.failure();
      fallback = std::move(*read);
    }
    at_ += closing.size();
    end_constant();
    pieces_.push_back({std::move(fallback), std::move(*found)});
    return {};
  }

  /// What stands between `|` and the closing braces; in quotes when its blanks or braces are meant.
  result<std::string> take_default() {
    while (at_ < text_.size() && is_blank(text_[at_]))
      ++at_;
    if (at_ < text_.size() && text_[at_] == '"') return take_quoted();
    auto stop = text_.find(closing, at_);
    if (stop == std::string_view::npos) return fault("is not closed by \"}}\"");
    auto text = trimmed(text_.substr(at_, stop - at_));
    if (text.find(opening) != std::string_view::npos)
      return fault("holds another \"{{\": a default is constant text");
    at_ = stop;
    return std::string(text);
  }

  result<std::string> take_quoted() {
    auto from = ++at_;
    auto quote = text_.find('"', from);
    if (quote == std::string_view::npos) return fault("has a default whose quote is not closed");
    at_ = quote + 1;
    while (at_ < text_.size() && is_blank(text_[at_]))
      ++at_;
    if (text_.substr(at_, closing.size()) != closing)
      return fault("has something between its quoted default and \"}}\"");
    return std::string(text_.substr(from, quote - from));
  }

  result<variable> read_name(std::string_view path) const {
    auto dot = path.find('.');
    auto first = path.substr(0, dot);
    auto known = std::find_if(name_spaces.begin(), name_spaces.end(),
                              [&](const auto& each) { return each.name == first; });
    if (dot == std::string_view::npos || known == name_spaces.end()) {
      std::vector<std::string_view> names;
      for (const auto& each : name_spaces)
        names.push_back(each.name);
      auto near = json::nearest(first.substr(0, 64), names.data(), names.size());
      return fault("names no value: write properties.NAME, device.NAME or variables.NAME" +
                   (near.empty() || near == first ? "" : ", perhaps " + std::string(near) + ".NAME"));
    }
    variable made{known->source, std::string(path.substr(dot + 1))};
    if (made.source == variable_source::device) {
      if (std::find(device_variable_names.begin(), device_variable_names.end(), made.name) ==
          device_variable_names.end())
        return fault("names no attribute of a device: choose from " + all_device_names());
    } else if (auto good = check_property_name(made.name); !good) {
      return fault("has a bad name: " + good.failure().detail);
    }
    return made;
  }

  static std::string all_device_names() {
    std::string all;
    for (auto each : device_variable_names)
      all += (all.empty() ? "" : ", ") + std::string(each);
    return all;
  }

  error fault(const std::string& what) const {
    return {errc::invalid_field,
            "The variable at character " + std::to_string(utf8::characters(text_.substr(0, begin_)) + 1) +
                " " + what + ". (For braces as such, write \\{{.)",
            "", 0};
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;  ///< of the variable being read
  std::string constant_;
  std::vector<template_piece> pieces_;
};

}  // namespace

std::string to_string(const variable& value) {
  for (const auto& each : name_spaces)
    if (each.source == value.source) return std::string(each.name) + "." + value.name;
  return value.name;
}

result<std::vector<template_piece>> parse_template(std::string_view text) {
  return parser(text).parse();
}

}  // namespace pusher
