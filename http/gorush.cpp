#include "http/gorush.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/json_writer.hpp"
#include "http/problem.hpp"
#include "model/json_members.hpp"

namespace pusher::http {

namespace {

constexpr const char* push_path = "/api/push";
constexpr const char* health_path = "/healthz";

/// What shows that a call came through a proxy, whose address says nothing of the caller, or from a web page,
/// which may send requests to any address that its reader's machine reaches.
constexpr const char* signs_of_others[] = {"forwarded", "x-forwarded-for", "x-real-ip",
                                           "via",       "origin",          "sec-fetch-site"};

response health_response(const request& asked) {
  if (asked.method != "GET" && asked.method != "HEAD") return method_not_allowed({"GET", "HEAD"}, asked);
  response alive;
  alive.content_type = "text/plain";
  return alive;
}

/// The sentence of a problem, with the place of the fault in front.
std::string message_of(const response& problem) {
  auto document = json::parse(problem.body);
  if (!document || !document->IsObject()) return "The request was refused.";
  auto message = json::text_at(*document, "detail");
  const auto& errors = json::list_at(*document, "errors");
  if (errors.Empty()) return message;
  auto pointer = json::text_at(errors[0], "pointer");
  return pointer.empty() ? message : pointer + ": " + message;
}

/// Faults as {"code": status, "message": sentence}.
response in_words_of_gorush(response answered) {
  if (answered.status < 400) return answered;
  json_text out;
  out.open();
  out.field("code", answered.status);
  out.field("message", message_of(answered));
  out.close();
  answered.body = out.take();
  answered.content_type = "application/json";
  return answered;
}

/// Why this call needs a key, or nothing.
const char* why_key_is_needed(const request& asked, const compat_settings& compat) {
  if (compat.gorush_key.empty()) return "Send an API key as \"Authorization: Bearer KEY\".";
  if (!contains(compat.gorush_open_to, asked.remote_address))
    return "Calls from this address need an API key, as \"Authorization: Bearer KEY\"; "
           "compat.gorush_open_to names those that do not.";
  for (const auto* header : signs_of_others)
    if (asked.headers.count(header) > 0)
      return "A call that comes through a proxy or from a web page needs an API key, as \"Authorization: "
             "Bearer KEY\".";
  return nullptr;
}

/// A call on its way, with the key that it was given, or its own.
class gorush_call final : public exchange {
 public:
  gorush_call(std::shared_ptr<exchange> from, std::optional<http::request> with_key)
      : from_(std::move(from)), with_key_(std::move(with_key)) {}

  const http::request& request() const override { return with_key_ ? *with_key_ : from_->request(); }
  void answer(response made) override { from_->answer(in_words_of_gorush(std::move(made))); }

 private:
  const std::shared_ptr<exchange> from_;
  const std::optional<http::request> with_key_;
};

}  // namespace

bool is_gorush_path(std::string_view path) {
  return path == push_path || path == health_path;
}

void gorush_door::dispatch(std::shared_ptr<exchange> asked) {
  const auto& request = asked->request();
  if (!is_gorush_path(request.path)) return inner_.dispatch(std::move(asked));
  if (!compat_.gorush)
    return asked->answer(
        problem({errc::route_not_found,
                 "There is nothing at this path; compat.gorush makes a node answer gorush's calls.", "", 0},
                request));
  if (request.path == health_path) return asked->answer(health_response(request));
  std::optional<http::request> with_key;
  if (request.headers.count("authorization") == 0) {
    if (const auto* why = why_key_is_needed(request, compat_))
      return asked->answer(in_words_of_gorush(problem({errc::unauthenticated, why, "", 0}, request)));
    with_key = request;
    with_key->headers["authorization"] = "Bearer " + compat_.gorush_key;
  }
  inner_.dispatch(std::make_shared<gorush_call>(std::move(asked), std::move(with_key)));
}

}  // namespace pusher::http
