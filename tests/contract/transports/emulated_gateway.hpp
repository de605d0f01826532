// A running gateway emulator, for one test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conf/settings.hpp"

namespace pusher::testing {

/// Looks again and again until it holds; false when it does not within the time.
bool await(const std::function<bool()>& holds, std::chrono::milliseconds at_most = std::chrono::seconds(20));

/// Starts the emulator in a private directory; stops it and removes the directory at the end. A missing
/// binary fails the test.
class emulated_gateway {
 public:
  explicit emulated_gateway(std::vector<std::string> flags = {});
  ~emulated_gateway();
  emulated_gateway(const emulated_gateway&) = delete;
  emulated_gateway& operator=(const emulated_gateway&) = delete;

  /// Settings with which a transport reaches it, without limit of rate.
  fcm_settings settings() const { return settings_; }
  const std::string& directory() const { return directory_; }
  /// What the emulator said of itself when it was ready, e.g. `apns_key_file`.
  std::string fact(const char* name) const { return facts_.at(name); }
  /// Sends a JSON text to its control endpoint.
  void control(const std::string& json) const;
  /// A number of its page of statistics.
  uint64_t statistic(const char* name) const;
  void stop();
  /// Keeps its connections and answers nothing, until thawed.
  void freeze() const;
  void thaw() const;
  /// Starts it again on the same port, with the same identity.
  void start_again();

  /// One line of its log: a push that arrived.
  struct arrival {
    int status = 0;
    std::string token;
    std::string code;  ///< `-` = none
    std::string connection;
  };
  std::vector<arrival> arrivals() const;
  /// How often each token was accepted.
  std::map<std::string, int> accepted() const;

 private:
  void start();
  /// Its answer; GET without `posted`.
  std::string call(const std::string& path, const std::string* posted) const;

  std::string directory_;
  std::string listen_ = "127.0.0.1:0";
  std::vector<std::string> flags_;
  fcm_settings settings_;
  std::map<std::string, std::string> facts_;
  pid_t process_ = -1;
};

}  // namespace pusher::testing
