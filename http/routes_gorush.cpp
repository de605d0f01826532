#include <algorithm>
#include <set>

#include "http/codec_gorush.hpp"
#include "http/problem.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

constexpr size_t hidden_characters = 10;  // at either end of a token

std::string shown_token(const std::string& token, bool hidden) {
  if (!hidden) return token;
  if (token.size() < 2 * hidden_characters) return std::string(token.size(), '*');
  const std::string stars(hidden_characters, '*');
  return stars + token.substr(hidden_characters, token.size() - 2 * hidden_characters) + stars;
}

/// What did not arrive, in gorush's words: the elements of `logs`.
class push_log {
 public:
  explicit push_log(bool hides_tokens) : hides_tokens_(hides_tokens) { out_.open_list(); }

  void failed(const gorush_notification& of, const std::string& token, std::string_view why) {
    out_.open();
    if (!of.notif_id.empty()) out_.field("notif_id", of.notif_id);
    out_.field("type", "failed-push");
    out_.field("platform", to_string(of.platform));
    out_.field("token", shown_token(token, hides_tokens_));
    out_.field("message", of.message);
    out_.field("error", why);
    out_.close();
  }

  std::string take() {
    out_.close_list();
    return out_.take();
  }

 private:
  const bool hides_tokens_;
  json_text out_;
};

response push_response(size_t counts, std::string logs) {
  json_text out;
  out.open();
  out.field("counts", uint64_t{counts});
  out.raw("logs", logs);
  out.field("success", "ok");
  out.close();
  return json_response(200, out);
}

/// Refuses the whole call for a notification that no gateway would take: nothing has been sent yet.
result<void> check_all(const call& of, const std::vector<gorush_notification>& asked) {
  for (const auto& each : asked) {
    auto good = of.engine.check_notification(of.who.application, each.draft);
    if (good) continue;
    auto why = good.failure();
    if (!why.pointer.empty()) why.detail += " (" + why.pointer + ")";
    why.pointer = "/notifications/" + std::to_string(each.place);
    return why;
  }
  return {};
}

/// The devices that all targets lead to, in the order of notifications and their targets.
result<std::vector<token_holder>> find_holders(const call& of,
                                               const std::vector<gorush_notification>& asked) {
  std::vector<device> targets;
  for (const auto& each : asked)
    if (!each.dry_run) targets.insert(targets.end(), each.targets.begin(), each.targets.end());
  if (targets.empty()) return std::vector<token_holder>();
  return of.engine.hold_tokens(of.who.application, targets);
}

/// Creates and launches one notification.
class pusher_of_one {
 public:
  pusher_of_one(const call& of, gorush_notification& asked, push_log& log)
      : of_(of), asked_(asked), log_(log) {}

  /// Moves `holder` past this notification's.
  result<void> push(std::vector<token_holder>::const_iterator& holder) {
    audience_device_ids audience;
    std::set<std::string> seen;
    for (const auto& target : asked_.targets) {
      const auto& held = *holder++;
      if (held.dead)
        log_.failed(asked_, target.push_token, dead_token_in_words());
      else if (seen.insert(held.device_id).second)
        audience.ids.push_back(held.device_id);
    }
    if (audience.ids.empty()) return {};
    asked_.draft.audience = std::move(audience);
    auto created = of_.engine.create_notification(of_.who.application, asked_.draft, std::nullopt,
                                                  [](const notification&) { return std::string(); });
    return created ? result<void>() : created.failure();
  }

  void failed(const error& why) {
    for (const auto& target : asked_.targets)
      log_.failed(asked_, target.push_token, public_detail(why));
  }

 private:
  /// As the gateway itself says it.
  std::string_view dead_token_in_words() const {
    switch (asked_.platform) {
      case gorush_platform::ios:
        return "Unregistered";
      case gorush_platform::android:
        return "UNREGISTERED";
      case gorush_platform::huawei:
        return "80300007";
    }
    return "";
  }

  const call& of_;
  gorush_notification& asked_;
  push_log& log_;
};

}  // namespace

answer push_for_gorush(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  const auto& compat = of.engine.compat();
  auto asked = parse_gorush(*body, compat, now_ms());
  if (!asked) return asked.failure();
  if (auto good = check_all(of, *asked); !good) return good.failure();
  auto holders = find_holders(of, *asked);
  if (!holders) return holders.failure();

  push_log log(compat.gorush_hide_tokens);
  size_t counts = 0, pushed = 0;
  auto holder = holders->cbegin();
  for (auto& each : *asked) {
    counts += each.targets.size() + each.refused.size();
    for (const auto& target : each.refused)
      log.failed(each, target.token, target.why);
    if (each.dry_run) continue;
    pusher_of_one one(of, each, log);
    auto done = one.push(holder);
    // Nothing is on its way yet: the caller may send all of it again.
    if (!done && pushed == 0) return done.failure();
    if (done)
      ++pushed;
    else
      one.failed(done.failure());
  }
  return push_response(counts, log.take());
}

}  // namespace pusher::http
