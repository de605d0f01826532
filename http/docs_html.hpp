// Texts of the OpenAPI document as HTML.
#pragma once

#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace pusher::http {

/// Escaped for a page and for attributes in double quotes.
std::string html_text(std::string_view text);
/// The same, with `code` between backticks.
std::string html_inline(std::string_view text);
/// The same in paragraphs, which blank lines separate.
std::string html_paragraphs(std::string_view text);
/// JSON in lines; a string as it is.
std::string pretty(const rapidjson::Value& value);

}  // namespace pusher::http
