// The admin listener: health and metrics, without a key, on an address of its own.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "model/result.hpp"

namespace pusher::http {

class admin_server {
 public:
  /// Serves /livez, /readyz and /metrics. `health` must outlive the server. Errors: as server::start.
  static result<std::unique_ptr<admin_server>> start(const listen_address& address,
                                                     const limits_settings& limits,
                                                     const health_source& health);
  ~admin_server();

  uint16_t port() const { return server_->port(); }

  explicit admin_server(const health_source& health);

 private:
  std::unique_ptr<dispatcher> pages_;
  std::unique_ptr<server> server_;
};

}  // namespace pusher::http
