// What a call to gorush's POST /api/push asks for, in our own terms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

#include "conf/settings.hpp"
#include "http/json_tree.hpp"
#include "http/loose_reader.hpp"
#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher::http {

enum class gorush_platform : uint8_t { ios = 1, android = 2, huawei = 3 };
std::string_view to_string(gorush_platform platform);

/// One element of `notifications`.
struct gorush_notification {
  /// A target that nothing can be sent to.
  struct refused_target {
    std::string token;
    const char* why;
  };

  size_t place = 0;  ///< in the list
  gorush_platform platform = gorush_platform::ios;
  std::string notif_id;  ///< the caller's own, given back in logs; likewise
  std::string message;
  std::vector<device> targets;  ///< a device per token, topic and condition, in order
  std::vector<refused_target> refused;
  notification_draft draft;  ///< without an audience
  bool dry_run = false;      ///< to be checked and not sent
};

/// In order; platforms that do not exist are left out, as gorush does. Errors: invalid_field; those of the
/// list itself have gorush's own sentences.
result<std::vector<gorush_notification>> parse_gorush(const rapidjson::Value& body,
                                                      const compat_settings& compat, utc_ms now);

// -- by platform (gorush_ios.cpp, gorush_android.cpp, gorush_huawei.cpp): content and overrides --

void read_for_ios(loose_reader& from, utc_ms now, notification_draft& into);
void read_for_android(loose_reader& from, notification_draft& into);
void read_for_huawei(loose_reader& from, notification_draft& into);

/// A time-to-live in whole seconds as the engine keeps it. What is to be sent now or never is tried for a
/// minute.
uint32_t gorush_ttl(int64_t seconds);
/// Nothing for an empty text.
std::optional<std::string> given(std::string text);

}  // namespace pusher::http
