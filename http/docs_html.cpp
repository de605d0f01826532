#include "http/docs_html.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace pusher::http {

std::string html_text(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  for (char c : text) {
    if (c == '&')
      made += "&amp;";
    else if (c == '<')
      made += "&lt;";
    else if (c == '>')
      made += "&gt;";
    else if (c == '"')
      made += "&quot;";
    else
      made += c;
  }
  return made;
}

std::string html_inline(std::string_view text) {
  std::string made;
  for (bool code = false; !text.empty(); code = !code) {
    auto tick = text.find('`');
    auto part = html_text(text.substr(0, tick));
    made += code ? "<code>" + part + "</code>" : part;
    text.remove_prefix(tick == std::string_view::npos ? text.size() : tick + 1);
  }
  return made;
}

std::string html_paragraphs(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    auto end = text.find("\n\n");
    made += "<p>" + html_inline(text.substr(0, end)) + "</p>";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return made;
}

std::string pretty(const rapidjson::Value& value) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  writer.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pusher::http
