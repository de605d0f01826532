// What the API says of itself, to anybody.
#include "http/docs_page.hpp"
#include "http/etag.hpp"
#include "http/openapi.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

answer describe_api(const call& of) {
  const auto& document = openapi_document();
  if (!document) return document.failure();
  response made;
  made.headers.emplace_back("Cache-Control", "no-cache");
  made.body = *document;
  return tagged(std::move(made), of.asked, "1");
}

answer show_docs(const call& of) {
  const auto& page = docs_page();
  if (!page) return page.failure();
  response made;
  made.content_type = "text/html; charset=utf-8";
  made.headers = {{"Cache-Control", "no-cache"},
                  {"Content-Security-Policy", docs_page_policy()},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"}};
  made.body = *page;
  return tagged(std::move(made), of.asked, "1");
}

}  // namespace pusher::http
