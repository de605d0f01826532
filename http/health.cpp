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

response answer_health(const request& asked, const health_source& source, bool with_metrics, bool& mine) {
  bool live = asked.path == "/livez", ready = asked.path == "/readyz";
  bool metrics = with_metrics && asked.path == "/metrics";
  mine = live || ready || metrics;
  if (!mine) return problem({errc::route_not_found, "There is nothing at this path.", "", 0}, asked);
  if (asked.method != "GET" && asked.method != "HEAD") {
    auto made = problem({errc::method_not_allowed, "This path takes GET.", "", 0}, asked);
    made.headers.emplace_back("Allow", "GET");
    return made;
  }
  if (ready) return ready_response(source);
  response made;
  if (live) {
    made.body = R"({"status":"alive"})";
  } else {
    made.content_type = "text/plain; version=0.0.4; charset=utf-8";
    made.body = source.metrics();
  }
  return made;
}

}  // namespace pusher::http
