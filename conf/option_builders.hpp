// Makes rows of the table of options: one function per kind of value.
#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "conf/options.hpp"
#include "conf/wrong.hpp"

namespace pusher {

/// Chooses the member of a section of the settings.
template <class Section, class T>
using member = T Section::*;

template <class T>
result<T> parse_number(const std::string& text, uint64_t least, uint64_t most) {
  uint64_t value = 0;
  auto end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (text.empty() || fault != std::errc() || stop != end || value < least || value > most)
    return wrong("is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<T>(value);
}

template <class Get>
option text_option(std::string name, const char* meaning, Get get) {
  option made;
  made.name = std::move(name);
  made.meaning = meaning;
  made.set = [get](settings& s, const std::string& text) -> result<void> {
    get(s) = text;
    return {};
  };
  made.get = [get](const settings& s) { return get(const_cast<settings&>(s)); };
  return made;
}

template <class Get>
option path_option(std::string name, const char* meaning, Get get) {
  auto made = text_option(std::move(name), meaning, get);
  made.path = true;
  return made;
}

template <class Get>
option secret_option(std::string name, const char* meaning, Get get) {
  auto made = text_option(std::move(name), meaning, get);
  made.secret = true;
  return made;
}

template <class Get>
option number_option(std::string name, const char* meaning, uint64_t least, uint64_t most, Get get) {
  option made;
  made.name = std::move(name);
  made.type = option_type::number;
  made.meaning = meaning;
  made.set = [get, least, most](settings& s, const std::string& text) -> result<void> {
    using T = std::remove_reference_t<decltype(get(s))>;
    auto value = parse_number<T>(text, least, most);
    if (!value) return value.failure();
    get(s) = *value;
    return {};
  };
  made.get = [get](const settings& s) { return std::to_string(get(const_cast<settings&>(s))); };
  return made;
}

template <class Get>
option listen_option(std::string name, const char* meaning, Get get) {
  option made;
  made.name = std::move(name);
  made.meaning = meaning;
  made.set = [get](settings& s, const std::string& text) -> result<void> {
    auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return wrong("is HOST:PORT, such as 127.0.0.1:8080");
    auto port = parse_number<uint16_t>(text.substr(colon + 1), 0, 65535);
    if (!port) return wrong("is HOST:PORT; its port is a number from 0 to 65535");
    get(s) = listen_address{text.substr(0, colon), *port};
    return {};
  };
  made.get = [get](const settings& s) {
    const auto& value = get(const_cast<settings&>(s));
    return value.host + ":" + std::to_string(value.port);
  };
  return made;
}

template <class Get>
option choice_option(std::string name, const char* meaning, std::vector<std::string> choices, Get get) {
  auto made = text_option(std::move(name), meaning, get);
  made.set = [get, choices = std::move(choices)](settings& s, const std::string& text) -> result<void> {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      std::string all;
      for (const auto& each : choices)
        all += (all.empty() ? "" : ", ") + each;
      return wrong("is one of " + all);
    }
    get(s) = text;
    return {};
  };
  return made;
}

template <class Get>
option size_option(std::string name, const char* meaning, Get get) {
  auto made = text_option(std::move(name), meaning, get);
  made.set = [get](settings& s, const std::string& text) -> result<void> {
    auto digits = text.substr(0, text.size() - (text.empty() ? 0 : 1));
    bool unit = !text.empty() && (text.back() == 'M' || text.back() == 'G');
    if (!unit || !parse_number<uint64_t>(digits, 1, 1'000'000)) return wrong("is a size such as 256M or 2G");
    get(s) = text;
    return {};
  };
  return made;
}

template <class Get>
option yes_no_option(std::string name, const char* meaning, Get get) {
  option made;
  made.name = std::move(name);
  made.type = option_type::boolean;
  made.meaning = meaning;
  made.set = [get](settings& s, const std::string& text) -> result<void> {
    if (text != "true" && text != "false") return wrong("is true or false");
    get(s) = text == "true";
    return {};
  };
  made.get = [get](const settings& s) { return get(const_cast<settings&>(s)) ? "true" : "false"; };
  return made;
}

/// Texts without commas.
template <class Get>
option list_option(std::string name, const char* meaning, Get get) {
  option made;
  made.name = std::move(name);
  made.type = option_type::list;
  made.meaning = meaning;
  made.set = [get](settings& s, const std::string& text) -> result<void> {
    std::vector<std::string> values;
    std::string rest = text;
    while (!rest.empty()) {
      auto comma = rest.find(',');
      values.push_back(rest.substr(0, comma));
      rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
    get(s) = std::move(values);
    return {};
  };
  made.get = [get](const settings& s) {
    std::string all;
    for (const auto& each : get(const_cast<settings&>(s)))
      all += (all.empty() ? "" : ",") + each;
    return all;
  };
  return made;
}

/// Whole numbers, at least one.
template <class Get>
option numbers_option(std::string name, const char* meaning, uint64_t least, uint64_t most, Get get) {
  option made;
  made.name = std::move(name);
  made.type = option_type::list;
  made.meaning = meaning;
  made.set = [get, least, most](settings& s, const std::string& text) -> result<void> {
    std::decay_t<decltype(get(s))> values;
    for (size_t at = 0; at <= text.size();) {
      auto end = std::min(text.find(',', at), text.size());
      auto value = parse_number<uint64_t>(text.substr(at, end - at), least, most);
      if (!value)
        return wrong("is a list of whole numbers from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", separated by commas");
      values.push_back(static_cast<typename decltype(values)::value_type>(*value));
      at = end + 1;
    }
    get(s) = std::move(values);
    return {};
  };
  made.get = [get](const settings& s) {
    std::string all;
    for (auto each : get(const_cast<settings&>(s)))
      all += (all.empty() ? "" : ",") + std::to_string(each);
    return all;
  };
  return made;
}

/// A function that gives the member of the settings.
#define FIELD(path)           \
  [](settings & s) -> auto& { \
    return s.path;            \
  }

}  // namespace pusher
