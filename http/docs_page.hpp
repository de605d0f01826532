// The API's description as a page for people: made of the OpenAPI document, whole without a script and
// without any other request.
#pragma once

#include <string>

#include <rapidjson/document.h>

#include "model/result.hpp"

namespace pusher::http {

/// What the page is made with (docs/page.css, docs/page.js).
extern const char* const docs_page_style;
extern const char* const docs_page_script;

/// The page of an OpenAPI document.
std::string render_docs_page(const rapidjson::Value& document);

/// What a browser may do on the page: its own style and script, and nothing else.
std::string docs_page_policy();

/// The page of this build's document, made once.
const result<std::string>& docs_page();

}  // namespace pusher::http
