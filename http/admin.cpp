#include "http/admin.hpp"

#include "http/problem.hpp"

namespace pusher::http {

namespace {

/// What is left after the server has answered the health paths itself.
class metrics_page final : public dispatcher {
 public:
  explicit metrics_page(const health_source& health) : health_(health) {}

  void dispatch(std::shared_ptr<exchange> exchange) override {
    exchange->answer(answer_to(exchange->request()));
  }

 private:
  response answer_to(const request& asked) const {
    if (asked.path != "/metrics")
      return problem({errc::route_not_found, "Only /livez, /readyz and /metrics are here.", "", 0}, asked);
    if (asked.method != "GET") return method_not_allowed({"GET", "HEAD"}, asked);
    auto accept = asked.headers.find("accept");
    auto format = preferred_format(accept == asked.headers.end() ? "" : std::string_view(accept->second));
    response made;
    made.content_type = content_type_of(format);
    made.headers.emplace_back("Vary", "Accept");
    made.body = health_.metrics(format);
    return made;
  }

  const health_source& health_;
};

}  // namespace

admin_server::admin_server(const health_source& health) : pages_(std::make_unique<metrics_page>(health)) {}

admin_server::~admin_server() = default;

result<std::unique_ptr<admin_server>> admin_server::start(const listen_address& address,
                                                          const limits_settings& limits,
                                                          const health_source& health) {
  auto made = std::make_unique<admin_server>(health);
  auto started = server::start(address, limits, *made->pages_, &health, 1);
  if (!started) return std::move(started).failure();
  made->server_ = std::move(*started);
  return made;
}

}  // namespace pusher::http
