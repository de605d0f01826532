#include "http/health.hpp"

#include "http/json_writer.hpp"
#include "http/problem.hpp"

namespace pusher::http {

namespace {

response ready_response(const health_source& source) {
  response made;
  bool ready = source.ready();
  made.status = ready ? 200 : 503;
  if (!ready) made.headers.emplace_back("Retry-After", "1");
  json_text out;
  out.open();
  out.field("status", ready ? "ready" : "not ready");
  out.key("checks");
  out.open_list();
  for (const auto& check : source.checks()) {
    out.open();
    out.field("name", check.name);
    out.field("ok", check.ok);
    if (!check.ok) out.field("detail", check.detail);
    out.close();
  }
  out.close_list();
  out.close();
  made.body = out.take();
  return made;
}

}  // namespace

bool asks_for_health(const request& asked) {
  return asked.path == "/livez" || asked.path == "/readyz";
}

response health_answer(const request& asked, const health_source& source) {
  if (asked.method == "OPTIONS") {
    response made;
    made.status = 204;
    made.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return made;
  }
  if (asked.method != "GET") return method_not_allowed({"GET", "HEAD", "OPTIONS"}, asked);
  if (asked.path == "/readyz") return ready_response(source);
  response made;
  made.body = R"({"status":"alive"})";
  return made;
}

}  // namespace pusher::http
