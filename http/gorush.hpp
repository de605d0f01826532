// The door for callers of gorush: lets in whom the operator named without a key, and answers in gorush's
// words.
#pragma once

#include <string_view>

#include "conf/settings.hpp"
#include "http/exchange.hpp"

namespace pusher::http {

/// Whether the path is one of gorush's.
bool is_gorush_path(std::string_view path);

/// Stands before whatever limits and answers requests, so that a call without a key passes it all under the
/// configured one. It must outlive the requests that pass it.
class gorush_door final : public dispatcher {
 public:
  gorush_door(dispatcher& inner, const compat_settings& compat) : inner_(inner), compat_(compat) {}

  void dispatch(std::shared_ptr<exchange> asked) override;

 private:
  dispatcher& inner_;
  const compat_settings& compat_;
};

}  // namespace pusher::http
