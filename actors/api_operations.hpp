// What clients may ask, done over the stores. One per api actor, with connections of its own.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "actors/node_context.hpp"
#include "http/operations.hpp"
#include "storage/api_key_store.hpp"
#include "storage/database.hpp"
#include "storage/delivery_store.hpp"
#include "storage/device_history.hpp"
#include "storage/device_store.hpp"
#include "storage/event_feed.hpp"
#include "storage/journal.hpp"
#include "storage/notification_store.hpp"
#include "storage/property_index_store.hpp"
#include "storage/segment_store.hpp"
#include "storage/token_guard.hpp"
#include "transports/transport.hpp"

namespace pusher {

class api_operations : public http::operations {
 public:
  /// `launched` wakes fan-out.
  api_operations(node_context_ptr node, unsigned index, std::function<void()> launched);

  const compat_settings& compat() const override { return node_->config.compat; }
  result<http::principal> authenticate(std::string_view key) override;

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
  result<http::saved_segment> put_segment(application_id app, const std::string& name,
                                          const condition& where, const segment_check& allowed) override;
  result<segment> get_segment(application_id app, const std::string& name) override;
  result<void> delete_segment(application_id app, const std::string& name,
                              const segment_check& allowed) override;
  result<http::page<segment>> list_segments(application_id app, const http::page_request& request) override;
  result<std::vector<http::indexed_name>> indexed_properties(application_id app) override;
  result<std::vector<http::indexed_name>> index_properties(application_id app,
                                                           const std::vector<std::string>& names) override;
  std::vector<http::gateway_description> gateways() override;
  result<std::vector<token_hold>> token_holds(application_id app) override;
  result<token_hold> decide_token_hold(application_id app, uint64_t id, token_hold_state as) override;
  result<http::page<device_event>> list_events(application_id app, const std::string& device_id,
                                               std::optional<device_event_type> only,
                                               const http::page_request& request) override;
  result<device_event> report_event(application_id app, const std::string& device_id, device_event_type type,
                                    const std::optional<std::string>& notification_id) override;
  // In actors/api_results.cpp.
  result<http::feed_page> read_feed(application_id app, event_types wanted,
                                    const http::page_request& request) override;
  result<http::page<stored_device>> list_user_devices(application_id app, const std::string& user_id,
                                                      const http::page_request& request) override;
  result<http::erased_user> erase_user(application_id app, const std::string& user_id) override;

  result<http::created_notification> create_notification(
      application_id app, const notification_draft& draft, const std::optional<http::idempotency>& once,
      const std::function<std::string(const notification&)>& render) override;
  result<notification> get_notification(application_id app, const std::string& id) override;
  result<http::page<notification>> list_notifications(application_id app,
                                                      std::optional<notification_state> state,
                                                      const http::page_request& request) override;
  result<http::created_notification> launch_notification(
      application_id app, const std::string& id, const std::optional<http::idempotency>& once,
      const std::function<std::string(const notification&)>& render) override;
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
  result<http::page<delivery>> list_deliveries(application_id app, const std::string& id,
                                               std::optional<outcome> only,
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
  bool speaks_legacy_fcm() const;
  void rehearse_locales(const message& content, const http::rehearsal_wish& wish, http::rehearsal& made) const;
  void rehearse_device(const message& content, const audience& to, const search& what,
                       const stored_device& of, http::rehearsal& made) const;
  static void show_push(const struct push_form& form, const message& whole, utc_ms now,
                        http::rehearsed_payload& shown);

  /// Launching is refused while Redis is away: what is accepted must be on its way at once.
  result<void> journal_answers();
  void announce(notification_key key);
  result<void> check_content(const notification_draft& draft);

  struct remembered_key {
    http::principal who;
    std::chrono::steady_clock::time_point until;
  };

  node_context_ptr node_;
  std::function<void()> launched_;
  const std::set<channel> channels_;  ///< with a credential
  database database_;
  api_key_store keys_;
  device_store devices_;
  notification_store notifications_;
  delivery_store deliveries_;
  segment_store segments_;
  property_index_store indexes_;
  token_hold_store holds_;
  device_history history_;
  event_feed feed_;
  journal journal_;
  std::map<sha256_digest, remembered_key> remembered_;
};

}  // namespace pusher
