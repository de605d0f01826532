#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "http/codec_gorush.hpp"
#include "http/problem.hpp"
#include "http/route_handlers.hpp"
#include "http/unfinished_answer.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

constexpr size_t hidden_characters = 10;  // at either end of a token
constexpr const char* ids_header = "Pusher-Notification-Ids";

std::string shown_token(const std::string& token, bool hidden) {
  if (!hidden) return token;
  if (token.size() < 2 * hidden_characters) return std::string(token.size(), '*');
  const std::string stars(hidden_characters, '*');
  return stars + token.substr(hidden_characters, token.size() - 2 * hidden_characters) + stars;
}

/// A dead token as the gateway itself says it.
std::string_view dead_token_in_words(gorush_platform platform) {
  switch (platform) {
    case gorush_platform::ios:
      return "Unregistered";
    case gorush_platform::android:
      return "UNREGISTERED";
    case gorush_platform::huawei:
      return "80300007";
  }
  return "";
}

/// A call's notifications and what is known of them; answers as often as it is asked.
class pushes {
 public:
  /// An element of `logs`.
  struct failed_push {
    size_t of = 0;  ///< place in the list of notifications
    std::string token;
    std::string why;
  };
  struct launched {
    size_t of = 0;
    notification_key key;
    std::string id;
  };

  pushes(application_id app, std::vector<gorush_notification> asked, bool hides_tokens)
      : app_(app), asked_(std::move(asked)), hides_tokens_(hides_tokens) {}

  std::vector<gorush_notification>& asked() { return asked_; }
  const std::vector<launched>& under_way() const { return launched_; }
  void failed(size_t of, const std::string& token, std::string_view why) {
    failed_.push_back({of, token, std::string(why)});
  }
  void add(launched one) { launched_.push_back(std::move(one)); }

  response answer() const { return answer_with(failed_); }
  /// With what the deliveries tell by now.
  response answer_with_outcomes(operations& engine) const;

 private:
  response answer_with(const std::vector<failed_push>& failed) const;
  void add_outcomes(operations& engine, const launched& of, std::vector<failed_push>& into) const;

  const application_id app_;
  std::vector<gorush_notification> asked_;
  const bool hides_tokens_;
  std::vector<failed_push> failed_;
  std::vector<launched> launched_;
};

response pushes::answer_with(const std::vector<failed_push>& failed) const {
  size_t counts = 0;
  for (const auto& each : asked_)
    counts += each.targets.size() + each.refused.size();
  json_text out;
  out.open();
  out.field("counts", uint64_t{counts});
  out.key("logs");
  out.open_list();
  for (const auto& each : failed) {
    const auto& of = asked_[each.of];
    out.open();
    if (!of.notif_id.empty()) out.field("notif_id", of.notif_id);
    out.field("type", "failed-push");
    out.field("platform", to_string(of.platform));
    out.field("token", shown_token(each.token, hides_tokens_));
    out.field("message", of.message);
    out.field("error", each.why);
    out.close();
  }
  out.close_list();
  out.field("success", "ok");
  out.close();
  auto made = json_response(200, out);
  std::string ids;
  for (const auto& each : launched_)
    ids += (ids.empty() ? "" : ",") + each.id;
  if (!ids.empty()) made.headers.emplace_back(ids_header, std::move(ids));
  return made;
}

response pushes::answer_with_outcomes(operations& engine) const {
  auto failed = failed_;
  for (const auto& each : launched_)
    add_outcomes(engine, each, failed);
  return answer_with(failed);
}

void pushes::add_outcomes(operations& engine, const launched& of, std::vector<failed_push>& into) const {
  std::map<std::string_view, const std::string*> tokens;
  for (const auto& each : asked_[of.of].targets)
    tokens[each.device_id] = &each.push_token;
  page_request page{1000, {}};
  do {
    auto found = engine.list_deliveries(app_, of.id, {}, page);
    if (!found) return;
    for (const auto& each : found->items) {
      if (each.outcome == outcome::accepted) continue;
      auto token = tokens.find(each.device_id);
      auto why = each.code.empty() ? std::string(to_string(each.outcome)) : each.code;
      into.push_back({of.of, token == tokens.end() ? std::string() : *token->second, std::move(why)});
    }
    page.cursor = found->next;
  } while (!page.cursor.empty());
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

/// Makes targets mean the devices that hold their tokens, and sorts out those that nothing can reach.
result<void> find_devices(const call& of, pushes& all) {
  std::vector<device> targets;
  for (const auto& each : all.asked())
    if (!each.dry_run) targets.insert(targets.end(), each.targets.begin(), each.targets.end());
  if (targets.empty()) return {};
  auto holders = of.engine.hold_tokens(of.who.application, targets);
  if (!holders) return holders.failure();
  auto holder = holders->begin();
  for (size_t i = 0; i < all.asked().size(); ++i) {
    auto& each = all.asked()[i];
    if (each.dry_run) continue;
    audience_device_ids audience;
    std::set<std::string> seen;
    for (auto& target : each.targets) {
      target.device_id = holder->device_id;
      if (holder->dead)
        all.failed(i, target.push_token, dead_token_in_words(each.platform));
      else if (seen.insert(target.device_id).second)
        audience.ids.push_back(target.device_id);
      ++holder;
    }
    each.draft.audience = std::move(audience);
  }
  return {};
}

/// The Idempotency-Key of a call, as one for each of its notifications: sent again after a lost answer, the
/// call goes on where it had stopped.
class keys_of_notifications {
 public:
  static result<keys_of_notifications> read(const request& asked) {
    auto key = read_idempotency_key(asked);
    if (!key) return key.failure();
    keys_of_notifications made;
    if (!*key) return made;
    if ((*key)->size() + place_bytes > limits::idempotency_key_bytes)
      return fault(errc::invalid_field, "An Idempotency-Key has at most " +
                                            std::to_string(limits::idempotency_key_bytes - place_bytes) +
                                            " characters here.");
    made.of_call_ = idempotency{std::move(**key), sha256(asked.path + "\n" + asked.body)};
    return made;
  }

  std::optional<idempotency> of(const gorush_notification& one) const {
    if (!of_call_) return std::nullopt;
    return idempotency{of_call_->key + "#" + std::to_string(one.place), of_call_->request};
  }

 private:
  static constexpr size_t place_bytes = 5;  // "#" and a place below 10,000
  std::optional<idempotency> of_call_;
};

/// Creates and launches them, one after the other. When a store goes away before the first, nothing is on its
/// way and the caller may send all of it again; later, the rest is told of as failed.
result<void> launch_all(const call& of, const keys_of_notifications& keys, pushes& all) {
  for (size_t i = 0; i < all.asked().size(); ++i) {
    const auto& each = all.asked()[i];
    const auto* audience = std::get_if<audience_device_ids>(&each.draft.audience);
    if (each.dry_run || !audience || audience->ids.empty()) continue;
    auto traced = of.asked.span_id.empty() ? std::nullopt : std::optional(each.draft);
    if (traced) traced->trace_parent = of.asked.trace_parent();
    auto created =
        of.engine.create_notification(of.who.application, traced ? *traced : each.draft, keys.of(each),
                                      [](const notification&) { return std::string(); });
    if (created) {
      all.add({i, created->created.key, created->created.id});
    } else if (all.under_way().empty()) {
      return created.failure();
    } else {
      const auto& ids = audience->ids;
      for (const auto& target : each.targets)
        if (std::find(ids.begin(), ids.end(), target.device_id) != ids.end())
          all.failed(i, target.push_token, public_detail(created.failure()));
    }
  }
  return {};
}

/// The answer that waits for outcomes, which the operator may want.
std::shared_ptr<unfinished_answer> waiting_for(std::shared_ptr<pushes> all, unsigned seconds) {
  auto rest = std::make_shared<unfinished_answer>();
  for (const auto& each : all->under_way())
    rest->waits_for.push_back(each.key);
  rest->longest = std::chrono::seconds(seconds);
  rest->finish = [all](operations& engine) { return all->answer_with_outcomes(engine); };
  return rest;
}

}  // namespace

answer push_for_gorush(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  const auto& compat = of.engine.compat();
  auto keys = keys_of_notifications::read(of.asked);
  if (!keys) return keys.failure();
  auto asked = parse_gorush(*body, compat, now_ms());
  if (!asked) return asked.failure();
  if (auto good = check_all(of, *asked); !good) return good.failure();

  auto all = std::make_shared<pushes>(of.who.application, std::move(*asked), compat.gorush_hide_tokens);
  for (size_t i = 0; i < all->asked().size(); ++i)
    for (const auto& target : all->asked()[i].refused)
      all->failed(i, target.token, target.why);
  if (auto found = find_devices(of, *all); !found) return found.failure();
  if (auto done = launch_all(of, *keys, *all); !done) return done.failure();
  auto made = all->answer();
  if (compat.gorush_sync_seconds > 0 && !all->under_way().empty())
    made.unfinished = waiting_for(all, compat.gorush_sync_seconds);
  return made;
}

}  // namespace pusher::http
