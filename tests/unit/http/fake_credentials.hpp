// Credentials and gateways of an engine for tests of the routes, in memory.
#pragma once

#include "fake_audience.hpp"

class fake_credentials : public fake_audience {
 public:
  std::map<std::string, pusher::http::shown_credential> credentials;
  pusher::http::credential_draft uploaded;  ///< the last
  std::vector<pusher::token_hold> holds;

  result<pusher::http::shown_credential> create_credential(
      application_id, const pusher::http::credential_draft& draft) override {
    if (fails) return *fails;
    uploaded = draft;
    pusher::http::shown_credential made;
    made.value.id = "c-" + std::to_string(credentials.size() + 1);
    made.value.name = draft.name;
    made.value.gateway = draft.content.gateway;
    made.value.production = draft.production;
    made.value.sandbox = draft.sandbox;
    made.value.active = made.in_use = draft.activate;
    made.value.created_at = 1'000;
    made.value.facts = R"({"fingerprint":"ab"})";
    return credentials[made.value.id] = made;
  }
  result<std::vector<pusher::http::shown_credential>> list_credentials(application_id) override {
    if (fails) return *fails;
    std::vector<pusher::http::shown_credential> all;
    for (const auto& [id, each] : credentials)
      all.push_back(each);
    return all;
  }
  result<pusher::http::shown_credential> get_credential(application_id, const std::string& id) override {
    if (fails) return *fails;
    auto found = credentials.find(id);
    if (found == credentials.end())
      return failure(pusher::errc::not_found, "There is no credential with this id");
    return found->second;
  }
  result<pusher::http::shown_credential> change_credential(
      application_id app, const std::string& id, const pusher::http::credential_change& change) override {
    auto found = get_credential(app, id);
    if (!found) return found;
    if (change.name) found->value.name = *change.name;
    if (change.active) found->value.active = *change.active;
    return credentials[id] = *found;
  }
  result<pusher::http::shown_credential> verify_credential(application_id app,
                                                           const std::string& id) override {
    auto found = get_credential(app, id);
    if (!found) return found;
    found->value.verified_at = 2'000;
    return credentials[id] = *found;
  }
  result<void> delete_credential(application_id, const std::string& id) override {
    if (fails) return *fails;
    if (credentials.erase(id) == 0)
      return failure(pusher::errc::not_found, "There is no credential with this id");
    return {};
  }
  result<std::vector<pusher::http::gateway_description>> gateways(application_id) override {
    pusher::http::answer_row row;
    row.status = "410";
    row.code = "Unregistered";
    row.action = "dead_token";
    row.reach = "target";
    row.meaning = "gone";
    return std::vector<pusher::http::gateway_description>{{"apns", "apns", true, {row}}};
  }
  result<std::vector<pusher::token_hold>> token_holds(application_id) override { return holds; }
  result<pusher::token_hold> decide_token_hold(application_id, uint64_t id,
                                               pusher::token_hold_state as) override {
    for (auto& each : holds) {
      if (each.id != id) continue;
      each.state = as;
      return each;
    }
    return pusher::error{pusher::errc::not_found, "no such hold", "", 0};
  }
};
