#include "http/fixed_page.hpp"

#include "http/etag.hpp"
#include "http/gzip.hpp"

namespace pusher::http {

namespace {

std::string packed(const std::string& body) {
  gzip_encoder encoder;
  auto made = encoder.add(body);
  return made + encoder.finish();
}

}  // namespace

fixed_page::fixed_page(std::string body, std::string content_type, headers more)
    : body_(std::move(body)),
      packed_(packed(body_)),
      tag_(tag_of("page", body_)),
      content_type_(std::move(content_type)),
      headers_(std::move(more)) {}

response fixed_page::answer_to(const request& asked) const {
  response made;
  made.content_type = content_type_;
  made.headers = headers_;
  // Kept by browsers, and asked after each time: a newer node has another.
  made.headers.emplace_back("Cache-Control", "no-cache");
  made = tagged_as(tag_, std::move(made), asked);
  if (made.status == 304) return made;
  auto wanted = asked.headers.find("accept-encoding");
  bool packs = wanted != asked.headers.end() && accepts_gzip(wanted->second);
  made.body = packs ? packed_ : body_;
  if (packs) {
    made.headers.emplace_back("Content-Encoding", "gzip");
    made.headers.emplace_back("Vary", "Accept-Encoding");
    for (auto& [name, value] : made.headers)
      if (name == "ETag") value = gzipped_tag(tag_);
  }
  return made;
}

}  // namespace pusher::http
