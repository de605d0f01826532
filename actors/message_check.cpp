#include "actors/message_check.hpp"

#include "model/json.hpp"
#include "model/message_wording.hpp"
#include "transports/apns/payload.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/hms/payload.hpp"
#include "transports/webpush/payload.hpp"

namespace pusher {

namespace {

result<void> check_words(const message& content, channel_set configured) {
  if (auto fits = check_fcm_message(content); !fits) return fits;
  if (configured.contains(channel::apns) || configured.contains(channel::apns_sandbox) || !content.apns.empty())
    if (auto fits = check_apns_message(content); !fits) return fits;
  if (configured.contains(channel::webpush) || !content.webpush.empty())
    if (auto fits = check_web_push_message(content); !fits) return fits;
  if (configured.contains(channel::hms) || !content.hms.empty())
    if (auto fits = check_hms_message(content); !fits) return fits;
  return {};
}

/// A fault that is not there without the localization is its own.
error within(const localization& words, error failure) {
  constexpr std::string_view content = "/content";
  if (failure.pointer.rfind(content, 0) == 0)
    failure.pointer =
        json::pointer("/content/localizations", words.locale) + failure.pointer.substr(content.size());
  failure.detail = "In the words of " + words.locale + ": " + failure.detail;
  return failure;
}

}  // namespace

result<void> check_for_gateways(const message& content, channel_set configured) {
  for (size_t i = 0; i <= content.localizations.size(); ++i) {
    auto words = worded(content, i);
    auto fits = check_words(words, configured);
    if (fits && !words.blanks.empty()) fits = check_words(completed(words, {}), configured);
    if (fits) continue;
    return i == 0 ? fits.failure() : within(content.localizations[i - 1], fits.failure());
  }
  return {};
}

}  // namespace pusher
