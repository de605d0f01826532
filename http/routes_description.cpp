// What the API says of itself, to anybody.
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

}  // namespace pusher::http
