// What clients may ask, done over the stores. One per api actor, with connections of its own.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/node_context.hpp"
#include "http/operations.hpp"
#include "storage/api_key_store.hpp"
#include "storage/application_store.hpp"
#include "storage/credential_store.hpp"
#include "storage/database.hpp"
#include "storage/delivery_store.hpp"
#include "storage/device_history.hpp"
#include "storage/device_store.hpp"
#include "storage/event_feed.hpp"
#include "storage/journal.hpp"
#include "storage/notification_store.hpp"
#include "storage/property_index_store.hpp"
#include "storage/report_store.hpp"
#include "storage/segment_store.hpp"
#include "storage/token_guard.hpp"
#include "storage/webhook_store.hpp"
#include "transports/sealed_text.hpp"
#include "transports/transport.hpp"

namespace pusher {

class api_operations : public http::operations {
 public:
  /// `launched` wakes fan-out.
  api_operations(node_context_ptr node, unsigned index, std::function<void()> launched);

  /// Works with the journal that there is now: it may have been rebuilt since the last request.
  void follow_journal();

  const compat_settings& compat() const override { return node_->config.compat; }

  // In actors/api_access.cpp.
  result<http::principal> authenticate(std::string_view key) override;
  std::string seal_cursor(application_id app, const std::string& cursor) override;
  result<std::string> open_cursor(application_id app, const std::string& sealed) override;
  result<http::created_application> create_application(
      const std::string& name, const std::optional<std::string>& idempotency_key) override;
  result<http::page<application>> list_applications(const http::page_request& request) override;
  result<application> find_application(const std::string& name_or_id) override;
  result<application> get_application(application_id app) override;
  const retention& usual_retention() const override { return node_->config.retained.kept; }
  result<application> change_application(application_id app, const application_change& how) override;
  result<application> suspend_application(application_id app) override;
  result<application> resume_application(application_id app) override;
  result<void> delete_application(application_id app) override;
  result<made_api_key> create_key(application_id app, const api_key_wish& wish,
                                  const std::optional<std::string>& idempotency_key) override;
  result<http::page<api_key>> list_keys(application_id app, const http::page_request& request) override;
  result<api_key> get_key(application_id app, const std::string& id) override;
  result<api_key> change_key(application_id app, const std::string& id,
                             const std::function<result<void>(api_key&)>& change) override;
  result<made_api_key> rotate_key(application_id app, const std::string& id,
                                  std::optional<utc_ms> overlap) override;
  result<void> revoke_key(application_id app, const std::string& id) override;

  result<http::registered_device> put_device(application_id app, const device& value) override;
  result<std::vector<http::registered_device>> put_devices(application_id app,
                                                           const std::vector<device>& values) override;
  result<std::vector<bool>> delete_devices(application_id app,
                                           const std::vector<std::string>& device_ids) override;
  result<stored_device> get_device(application_id app, const std::string& device_id) override;
  result<stored_device> patch_device(application_id app, const std::string& device_id,
                                     const std::function<result<void>(device&)>& change) override;
  result<void> delete_device(application_id app, const std::string& device_id) override;
  result<std::vector<bool>> import_devices(application_id app, const std::vector<device>& values) override;
  // In actors/api_compat.cpp.
  result<stored_device> find_token(application_id app, const device& wanted) override;
  result<std::vector<http::token_holder>> hold_tokens(application_id app,
                                                      const std::vector<device>& values) override;
  result<void> check_notification(application_id app, const notification_draft& draft) override;
  result<std::set<notification_key>> settled_among(const std::vector<notification_key>& keys) override {
    return notifications_.settled_among(keys);
  }
  // In actors/api_audience.cpp.
  result<http::page<stored_device>> search_devices(application_id app, const http::device_filter& which,
                                                   const http::page_request& request) override;
  result<http::device_count> count_devices(application_id app, const http::device_filter& which) override;
  result<http::export_range> begin_export(application_id app, const http::device_filter& which,
                                          const std::optional<std::string>& after) override;
  result<http::exported_devices> export_devices(application_id app, const http::export_range& range) override;
  result<http::saved_segment> put_segment(application_id app, const std::string& name, const condition& where,
                                          const segment_check& allowed) override;
  result<segment> get_segment(application_id app, const std::string& name) override;
  result<void> delete_segment(application_id app, const std::string& name,
                              const segment_check& allowed) override;
  result<http::page<segment>> list_segments(application_id app, const http::page_request& request) override;
  result<std::vector<http::indexed_name>> indexed_properties(application_id app) override;
  result<std::vector<http::indexed_name>> index_properties(application_id app,
                                                           const std::vector<std::string>& names) override;
  result<std::vector<http::gateway_description>> gateways(application_id app) override;
  // In actors/api_credentials.cpp.
  result<http::shown_credential> create_credential(application_id app,
                                                   const http::credential_draft& draft) override;
  result<std::vector<http::shown_credential>> list_credentials(application_id app) override;
  result<http::shown_credential> get_credential(application_id app, const std::string& id) override;
  result<http::shown_credential> change_credential(application_id app, const std::string& id,
                                                   const http::credential_change& change) override;
  result<http::shown_credential> verify_credential(application_id app, const std::string& id) override;
  result<void> delete_credential(application_id app, const std::string& id) override;
  result<std::vector<token_hold>> token_holds(application_id app) override;
  result<token_hold> decide_token_hold(application_id app, uint64_t id, token_hold_state as) override;
  // In actors/api_results.cpp.
  result<http::feed_page> read_feed(application_id app, event_types wanted,
                                    const http::page_request& request) override;
  result<http::page<feed_event>> device_history(application_id app, const std::string& device_id,
                                                event_types wanted, const std::optional<std::string>& of,
                                                const http::page_request& request) override;
  result<std::vector<recorded_report>> report_events(application_id app,
                                                     const std::vector<client_report>& reports) override;
  result<http::page<delivery>> list_deliveries(application_id app, const std::string& id,
                                               const delivery_filter& wanted,
                                               const http::page_request& request) override;
  result<http::explained_delivery> explain_delivery(application_id app, const std::string& id,
                                                    const std::string& device_id) override;
  result<delivery_summary> summarize_deliveries(application_id app, const std::string& id) override;
  result<http::page<stored_device>> list_user_devices(application_id app, const std::string& user_id,
                                                      const http::page_request& request) override;
  result<http::erased_user> erase_user(application_id app, const std::string& user_id) override;

  result<http::created_notification> create_notification(
      application_id app, const notification_draft& draft, const std::optional<http::idempotency>& once,
      const std::function<std::string(const notification&)>& render) override;
  std::vector<result<http::created_notification>> create_notifications(
      application_id app, const std::vector<http::wished_notification>& wished,
      const std::function<std::string(const notification&)>& render) override;
  result<notification> get_notification(application_id app, const std::string& id) override;
  result<http::page<notification>> list_notifications(application_id app, const notification_filter& wanted,
                                                      const http::page_request& request) override;
  result<http::created_notification> launch_notification(
      application_id app, const std::string& id, const std::optional<http::idempotency>& once,
      const std::function<std::string(const notification&)>& render,
      const std::string& trace_parent) override;
  // In actors/api_lifecycle.cpp.
  result<notification> change_notification(
      application_id app, const std::string& id,
      const std::function<result<notification_draft>(const notification& now)>& change) override;
  result<void> delete_notification(
      application_id app, const std::string& id,
      const std::function<result<void>(const notification& now)>& allowed) override;
  result<notification> step_notification(application_id app, const std::string& id,
                                         http::life_step step) override;
  // In actors/api_rehearsal.cpp.
  result<http::rehearsal> rehearse(application_id app, const notification_draft& draft,
                                   const http::rehearsal_wish& wish) override;
  // In actors/api_supervision.cpp.
  std::shared_ptr<http::gateway_look> look_at_gateways(application_id app) override;
  result<http::page<http::dead_letter_facts>> list_dead_letters(application_id app, bool operates,
                                                                const http::page_request& request) override;
  result<http::dead_letter_facts> decide_dead_letter(application_id app, bool operates, const std::string& id,
                                                     http::dead_letter_decision as) override;
  // In actors/api_webhooks.cpp.
  result<http::webhook_with_secret> create_webhook(application_id app,
                                                   const webhook_options& options) override;
  result<http::described_webhook> get_webhook(application_id app, const std::string& id) override;
  result<http::page<http::described_webhook>> list_webhooks(application_id app,
                                                            const http::page_request& request) override;
  result<http::described_webhook> change_webhook(
      application_id app, const std::string& id,
      const std::function<result<void>(webhook_options&)>& change) override;
  result<void> delete_webhook(application_id app, const std::string& id) override;
  result<http::webhook_with_secret> rotate_webhook_secret(application_id app, const std::string& id) override;
  result<webhook_attempt> test_webhook(application_id app, const std::string& id) override;
  result<http::described_webhook> replay_webhook(application_id app, const std::string& id,
                                                 const http::webhook_start& from) override;
  result<http::page<webhook_attempt>> list_webhook_attempts(application_id app, const std::string& id,
                                                            const http::page_request& request) override;

 private:
  /// What a search, count or export looks for, and where.
  struct search {
    condition where;  ///< with its segments written out
    device_range range;
  };
  result<search> begin_search(application_id app, const http::device_filter& which);
  template <class Visit>
  result<uint64_t> find_devices(application_id app, const search& what, device_plan& plan, device_key after,
                                page_bounds bounds, const Visit& visit);

  result<void> walk_audience(application_id app, const audience& to, const search& what,
                             const std::function<void(const device_row&)>& visit);
  result<void> estimate_duration(application_id app, const notification_draft& draft, http::rehearsal& made);
  result<bool> speaks_legacy_fcm(application_id app);
  void rehearse_locales(const message& content, const http::rehearsal_wish& wish, channel_set reachable,
                        bool legacy_fcm, http::rehearsal& made) const;
  void rehearse_device(const message& content, const audience& to, const search& what,
                       const stored_device& of, bool legacy_fcm, http::rehearsal& made) const;
  static void show_push(const struct push_form& form, const message& whole, utc_ms now,
                        http::rehearsed_payload& shown);

  template <class T>
  result<T> changed(result<T> made);
  /// Tells the senders what they may not go on with.
  void hold_back(application_id app, control how);
  void hold_back(const std::vector<notification_key>& under_way, control how);

  /// Launching is refused while more would be too much, and while Redis is away: what is accepted must be on
  /// its way at once.
  result<void> may_launch(application_id app);
  result<void> journal_answers();
  void announce(const std::vector<notification_key>& keys);
  result<void> check_content(application_id app, const notification_draft& draft);

  /// Channels that the application has a credential for.
  result<channel_set> channels_of(application_id app);
  /// The same as of a second ago.
  result<channel_set> remembered_channels_of(application_id app);
  result<void> check_secrets_key();
  result<void> ask_gateway(const credential& which, const credential_content& content);
  result<credential_content> open_credential(const credential& which);
  result<credential> verify(application_id app, const std::string& id);
  result<http::shown_credential> show(application_id app, credential value);
  void publish_credentials();
  void forget_trouble(const std::string& id);

  node_context_ptr node_;
  std::function<void()> launched_;
  database database_;
  application_store applications_;
  api_key_store keys_;
  device_store devices_;
  notification_store notifications_;
  delivery_store deliveries_;
  segment_store segments_;
  property_index_store indexes_;
  token_hold_store holds_;
  credential_store credentials_;
  pusher::device_history history_;
  webhook_store webhooks_;
  report_store reports_;
  event_feed feed_;
  unsigned journal_generation_;
  journal journal_;
  const seal_key cursor_key_;  ///< the same on every node
  std::map<application_id, std::pair<channel_set, std::chrono::steady_clock::time_point>>
      remembered_channels_;
};

}  // namespace pusher
