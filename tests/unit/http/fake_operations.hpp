// An engine for tests of the routes, in memory; here its dead letters and webhooks.
// Each part of it is a class of its own: http/operations.hpp is one interface.
#pragma once

#include "fake_results.hpp"

class fake_operations : public fake_results {
 public:
  struct told_look final : pusher::http::gateway_look {
    pusher::http::gateway_states states;
    bool came = false;
    bool ready() const override { return came; }
    result<pusher::http::gateway_states> found() const override {
      if (!came) return failure(pusher::errc::timed_out, "not yet");
      return states;
    }
  };

  std::shared_ptr<told_look> look = std::make_shared<told_look>();
  std::map<std::string, pusher::http::dead_letter_facts> letters;
  std::optional<pusher::http::dead_letter_decision> decision;  ///< the last
  std::map<std::string, pusher::webhook> webhooks;
  pusher::http::webhook_start replayed;

  std::shared_ptr<pusher::http::gateway_look> look_at_gateways(application_id) override { return look; }
  result<pusher::http::page<pusher::http::dead_letter_facts>> list_dead_letters(
      application_id, bool, const pusher::http::page_request& request) override {
    if (fails) return *fails;
    paging = request;
    pusher::http::page<pusher::http::dead_letter_facts> page{{}, next};
    for (const auto& [id, each] : letters)
      page.items.push_back(each);
    return page;
  }
  result<pusher::http::dead_letter_facts> decide_dead_letter(application_id, bool, const std::string& id,
                                                             pusher::http::dead_letter_decision as) override {
    auto found = letters.find(id);
    if (found == letters.end()) return failure(pusher::errc::not_found, "There is no dead letter.");
    auto made = found->second;
    letters.erase(found);
    decision = as;
    return made;
  }
  result<pusher::http::webhook_with_secret> create_webhook(application_id,
                                                           const pusher::webhook_options& options) override {
    if (fails) return *fails;
    pusher::webhook made;
    made.id = "01999999-9999-7999-8999-999999999999";
    made.options = options;
    webhooks[made.id] = made;
    return pusher::http::webhook_with_secret{{made, "c0.0.0"}, "whsec_c2VjcmV0"};
  }
  result<pusher::http::described_webhook> get_webhook(application_id, const std::string& id) override {
    auto found = webhooks.find(id);
    if (found == webhooks.end()) return failure(pusher::errc::not_found, "There is no such webhook.");
    return pusher::http::described_webhook{found->second, "c0.0.0"};
  }
  result<pusher::http::page<pusher::http::described_webhook>> list_webhooks(
      application_id, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::http::described_webhook> page;
    for (const auto& [id, each] : webhooks)
      page.items.push_back({each, "c0.0.0"});
    page.next = next;
    return page;
  }
  result<pusher::http::described_webhook> change_webhook(
      application_id app, const std::string& id,
      const std::function<result<void>(pusher::webhook_options&)>& change) override {
    auto found = get_webhook(app, id);
    if (!found) return found;
    if (auto changed = change(found->value.options); !changed) return changed.failure();
    webhooks[id] = found->value;
    return found;
  }
  result<void> delete_webhook(application_id, const std::string& id) override {
    if (webhooks.erase(id) == 0) return failure(pusher::errc::not_found, "There is no such webhook.");
    return {};
  }
  result<pusher::http::webhook_with_secret> rotate_webhook_secret(application_id app,
                                                                  const std::string& id) override {
    auto found = get_webhook(app, id);
    if (!found) return found.failure();
    return pusher::http::webhook_with_secret{*found, "whsec_bmV3"};
  }
  result<pusher::webhook_attempt> test_webhook(application_id app, const std::string& id) override {
    auto found = get_webhook(app, id);
    if (!found) return found.failure();
    return pusher::webhook_attempt{1, "msg_1", "ping", 0, 500, 12, "answered 500", "oops", 1'000, 0};
  }
  result<pusher::http::described_webhook> replay_webhook(application_id app, const std::string& id,
                                                         const pusher::http::webhook_start& from) override {
    replayed = from;
    return get_webhook(app, id);
  }
  result<pusher::http::page<pusher::webhook_attempt>> list_webhook_attempts(
      application_id, const std::string&, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::webhook_attempt> page;
    page.items.push_back({2, "msg_2", "events", 7, 200, 5, "", "", 2'000, 0});
    page.next = next;
    return page;
  }
};
