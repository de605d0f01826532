// Calls a running node's API, for the command line. One call at a time, over one connection.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include <rapidjson/document.h>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Where programs of this machine reach a listener.
std::string local_url(const listen_address& at);

class rest_client {
 public:
  struct answer {
    long status = 0;
    std::string text;
    rapidjson::Document body;  ///< null when the text is no JSON

    bool good() const { return status >= 200 && status < 300; }
    /// A member of the body; null when there is none.
    const rapidjson::Value& at(const char* name) const;
    std::string text_at(const char* name) const;
    /// What a problem says, with the field at fault.
    std::string problem() const;
  };

  /// `url` is the node's, without a path. `key` may be empty. `ca_file` is for https; empty = the system's.
  rest_client(std::string url, std::string key, std::string ca_file);

  void use_key(std::string key) { key_ = std::move(key); }

  /// `body` is JSON; empty = none. Repeated calls are told by `once`, an Idempotency-Key; empty = none. A 429
  /// or 503 is asked again until a minute has passed. Errors: gateway_unavailable, when no answer comes, or
  /// one that is no node's.
  result<answer> call(const char* method, const std::string& path, const std::string& body = {},
                      const std::string& once = {});
  /// A GET, tried once and for so long at most; a 503 is an answer. Errors: gateway_unavailable.
  result<answer> look(const std::string& path, std::chrono::seconds longest);

 private:
  result<answer> call_once(const char* method, const std::string& path, const std::string& body,
                           const std::string& once);

  struct closer {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  std::string url_, key_, ca_file_;
  std::chrono::seconds longest_{60};  ///< of one call
  std::unique_ptr<CURL, closer> handle_;
};

}  // namespace pusher
