// Pistache's own handler and router on our routes, answering a constant: the floor of a call of the API.
#include <pistache/endpoint.h>
#include <pistache/router.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>

namespace {

using namespace Pistache;

Rest::Route::Result answer(const Rest::Request&, Http::ResponseWriter response) {
  static const std::string body =
      R"({"device_id":"d-1","gateway":"fcm","environment":"production","platform":"android",)"
      R"("push_token":"...en-1","properties":{},"created_at":"2026-01-01T00:00:00.000Z",)"
      R"("updated_at":"2026-01-01T00:00:00.000Z","last_seen_at":"2026-01-01T00:00:00.000Z"})";
  response.send(Http::Code::Ok, body, MIME(Application, Json));
  return Rest::Route::Result::Ok;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers a constant on the routes of devices and notifications.");
  unsigned short port = 0;
  int threads = 2;
  app.add_option("--port", port, "Where to listen on 127.0.0.1")->required();
  app.add_option("--threads", threads, "I/O threads")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  Rest::Router router;
  Rest::Routes::Put(router, "/v1/devices/:id", answer);
  Rest::Routes::Get(router, "/v1/devices/:id", answer);
  Rest::Routes::Get(router, "/v1/notifications/:id", answer);
  Rest::Routes::Post(router, "/v1/notifications", answer);
  Http::Endpoint endpoint(Address(Ipv4::loopback(), Port(port)));
  endpoint.init(Http::Endpoint::options().threads(threads).flags(Tcp::Options::ReuseAddr));
  endpoint.setHandler(router.handler());
  endpoint.serveThreaded();
  std::printf("ready\n");
  std::fflush(stdout);
  int which = 0;
  sigwait(&ends, &which);
  endpoint.shutdown();
  return 0;
}
