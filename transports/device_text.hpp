// The text of one request: the rendered content with its device's values in it, never longer than its gateway
// takes.
#pragma once

#include <string>
#include <string_view>

#include "model/message_wording.hpp"
#include "model/result.hpp"
#include "model/utf8.hpp"
#include "transports/gateway_protocol.hpp"

namespace pusher {

/// Shortens the body, as far as it must, until `render` does not answer payload_too_large any more. `render`
/// takes a message and gives a result of whatever it makes.
template <class Render>
auto shortened_to_fit(message content, const Render& render) -> decltype(render(content)) {
  auto made = render(content);
  auto& body = content.content.body;
  if (made || made.failure().code != errc::payload_too_large || !body || body->empty()) return made;
  const std::string whole = *body;
  auto with = [&](size_t bytes) {
    body = utf8::shortened(whole, bytes);
    return render(content);
  };
  made = with(0);
  size_t fits = 0, too_long = whole.size();
  while (made && too_long - fits > 1) {
    auto middle = fits + (too_long - fits) / 2;
    if (auto tried = with(middle)) {
      made = std::move(tried);
      fits = middle;
    } else {
      too_long = middle;
    }
  }
  return made;
}

/// What was rendered of the request's content, completed for its device: by filling the blanks, or, where that
/// is not enough, by `render` for this device alone. What has no variables fits: that was seen to when it came
/// in. The text lives in `fresh`. Errors: payload_too_large, and those of `render`.
template <class Render>
result<std::string_view> text_for_device(push_request& fresh, size_t most, const Render& render) {
  const auto& content = fresh.content();
  const auto& rendered = *fresh.rendered;
  if (content.blanks.empty()) return std::string_view(rendered.text);
  const auto& values = fresh.targets.front().target().values;
  if (!content.by_device) {
    fresh.filled.clear();
    rendered.form.fill(values, fresh.filled);
    if (fresh.filled.size() <= most) return std::string_view(fresh.filled);
  }
  result<std::string> made = shortened_to_fit(completed(content, values), render);
  if (!made) return std::move(made).failure();
  fresh.filled = *std::move(made);
  return std::string_view(fresh.filled);
}

/// The answer for content that cannot be made into a push for the device.
inline verdict refused_content(const error& why) {
  return refused_content(why.code == errc::payload_too_large ? "PAYLOAD_TOO_LARGE" : "INVALID_CONTENT");
}

}  // namespace pusher
