#include "http/admin.hpp"

#include "http/problem.hpp"

namespace pusher::http {

namespace {

class admin_pages final : public dispatcher {
 public:
  explicit admin_pages(const health_source& health) : health_(health) {}

  void dispatch(std::shared_ptr<exchange> exchange) override {
    const auto& asked = exchange->request();
    auto told = answer_health(asked, health_, true);
    exchange->answer(told ? std::move(*told) : problem({errc::route_not_found, "Only /livez, /readyz and /metrics are here.", "", 0}, asked));
  }

 private:
  const health_source& health_;
};

}  // namespace

result<std::unique_ptr<server>> start_admin(const listen_address& address, const limits_settings& limits,
                                            const health_source& health) {
  return server::start(address, limits, std::make_shared<admin_pages>(health), &health, 1);
}

}  // namespace pusher::http
