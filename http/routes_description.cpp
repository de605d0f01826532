// What the API says of itself, to anybody.
#include "http/docs_page.hpp"
#include "http/fixed_page.hpp"
#include "http/openapi.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

answer describe_api(const call& of) {
  const auto& document = openapi_document();
  if (!document) return document.failure();
  static const fixed_page page(*document, "application/json");
  return page.answer_to(of.asked);
}

answer show_docs(const call& of) {
  const auto& text = docs_page();
  if (!text) return text.failure();
  static const fixed_page page(*text, "text/html; charset=utf-8",
                               {{"Content-Security-Policy", docs_page_policy()},
                                {"X-Content-Type-Options", "nosniff"},
                                {"Referrer-Policy", "no-referrer"}});
  return page.answer_to(of.asked);
}

}  // namespace pusher::http
