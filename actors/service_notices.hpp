// What the service manager (systemd) is told of a node: that it has started, how it fares, that it lives,
// that it ends. Without one nothing is sent.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace pusher {

/// How a message reaches the service manager, as the environment of its service says.
struct service_manager {
  std::function<void(const std::string&)> send;  ///< empty: nobody is there
  std::chrono::microseconds watchdog{0};  ///< without a sign of life for so long it kills us; 0 = never
};

/// Reads NOTIFY_SOCKET and WATCHDOG_USEC, and takes them out of the environment: what we start, MariaDB for
/// one, must not speak in our name. To be called before there are threads.
service_manager find_service_manager();

/// For one thread.
class service_notices {
 public:
  using clock = std::chrono::steady_clock;

  service_notices(service_manager to, clock::time_point now);

  /// How the node fares, to be told again and again. It counts as started when its roles play, or when stores
  /// of others have kept it waiting for a while: it goes on trying by itself, and starting it anew would not
  /// bring them. A migration may take as long as it takes.
  void look(clock::time_point now, bool playing, bool migrating, const std::string& status);

  /// A sign of life is due. Only who knows that the node lives may give it.
  bool wants_life(clock::time_point now) const;
  void lives(clock::time_point now);

  void ends();

 private:
  void send(const std::string& text);

  service_manager to_;
  const clock::time_point started_;
  clock::time_point lived_;
  std::optional<clock::time_point> extended_;
  bool ready_ = false;
  std::string status_;
};

}  // namespace pusher
