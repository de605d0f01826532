// What the API says of itself, to anybody.
#include "http/docs_page.hpp"
#include "http/openapi.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

answer describe_api(const call&) {
  const auto& document = openapi_document();
  if (!document) return document.failure();
  response made;
  made.body = *document;
  return made;
}

answer show_docs(const call&) {
  const auto& page = docs_page();
  if (!page) return page.failure();
  response made;
  made.content_type = "text/html; charset=utf-8";
  made.headers = {{"Content-Security-Policy", docs_page_policy()},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"}};
  made.body = *page;
  return made;
}

}  // namespace pusher::http
