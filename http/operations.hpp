// What the HTTP side may ask of the engine, in words of the model. The api role implements it. Calls block
// (they reach the stores) and are made on the api actors' threads, never on the server's.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/settings.hpp"
#include "http/rehearsal.hpp"
#include "http/supervision_operations.hpp"
#include "http/webhook_operations.hpp"
#include "model/access.hpp"
#include "model/condition.hpp"
#include "model/credential.hpp"
#include "model/delivery_summary.hpp"
#include "model/delivery_trace.hpp"
#include "model/device.hpp"
#include "model/feed_event.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"
#include "model/results.hpp"
#include "model/segment.hpp"
#include "model/token_hold.hpp"

namespace pusher::http {

using pusher::scope;

/// Who calls.
struct principal {
  application_id application;
  uint8_t scopes = 0;      ///< bits of `scope`
  bool operates = false;   ///< a key of the application `default`: with scope admin it administers all others
  bool suspended = false;  ///< its application is
  std::string application_name = {};
  bool may(scope s) const { return (scopes & static_cast<uint8_t>(s)) != 0; }
};

/// A registration and whether the device is new.
struct registered_device {
  bool created = false;
  stored_device device;
};

/// `Idempotency-Key` and the digest of the request it came with.
struct idempotency {
  std::string key;
  sha256_digest request{};
};

/// A created or launched notification, or the answer that was given when the same key came before.
struct created_notification {
  notification created;
  std::optional<std::string> replayed_body;
};

/// A notification that a client wants to exist.
struct wished_notification {
  notification_draft draft;
  std::optional<idempotency> once;
};

/// What a client does to a notification on its way.
enum class life_step : uint8_t { pause, resume, cancel };

/// Which devices a client means.
struct device_filter {
  condition where;
  /// JSON pointer to it in the request; a fault in the segments that it uses is told of there.
  std::string pointer = "";
};

/// A count, and how it came about.
struct device_count {
  uint64_t count = 0;
  uint64_t looked_at = 0;
  std::string access;       ///< "scan" or "index"
  std::string property;     ///< whose index was used; "user_id" is an attribute
  uint64_t candidates = 0;  ///< devices that the index named
};

/// A row of a gateway's table of answers, in words.
struct answer_row {
  std::string status;  ///< e.g. `404` or `500-599`
  std::string_view code, detail, action, reach, meaning;
  int64_t wait_ms = 0;  ///< the first wait before a retry, 0 = none
};
/// How a gateway's answers are understood.
struct gateway_description {
  std::string_view gateway;   ///< as in devices
  std::string_view protocol;  ///< e.g. `fcm-v1`, `fcm-legacy`
  bool configured = false;    ///< whether the application has a credential for it
  std::vector<answer_row> answers;
};

/// A property name that is indexed, or will be.
struct indexed_name {
  std::string name;
  bool ready = false;
};

struct saved_segment {
  bool created = false;
  segment value;
};

/// The device that a push token leads to.
struct token_holder {
  std::string device_id;
  bool dead = false;  ///< its gateway called the token dead; no audience has the device
};

struct erased_user {
  uint64_t devices = 0;
  uint64_t events = 0;  ///< entries of their history
};

struct created_application {
  application value;
  bool replayed = false;  ///< the same call, by its idempotency key, made it before
};

/// Which devices an export gives: those with `after < key <= last`, so that devices that come meanwhile do
/// not prolong it, and that meet its condition as it was at the beginning.
struct export_range {
  device_key after, last;
  utc_ms as_of = 0;
  condition where;
};

/// One page of an export, in key order.
struct exported_devices {
  std::vector<device> devices;
  device_key reached;   ///< the next page begins behind it
  bool at_end = false;  ///< no page follows
};

/// A credential as it is shown.
struct shown_credential {
  credential value;
  bool in_use = false;          ///< new pushes go out with it
  std::string trouble;          ///< what senders have to say of it now; empty = nothing
  int64_t expires_in_days = 0;  ///< where it expires; negative once it has
};

struct credential_draft {
  std::string name;
  bool production = true, sandbox = true;
  bool environments_given = false;
  credential_content content;
  bool activate = false;
};

struct credential_change {
  std::optional<std::string> name;
  std::optional<bool> active;
};

/// What is known of one notification and one device, and what it means.
struct explained_delivery {
  delivery_trace known;
  delivery_verdict verdict;
};

/// A part of the feed. `next` continues it, at its end as well: what happens later comes behind it.
struct feed_page {
  std::vector<feed_event> items;
  std::string next;
  bool at_end = false;
};

class operations : public webhook_operations, public supervision_operations {
 public:
  /// What is answered to callers of other services.
  virtual const compat_settings& compat() const = 0;

  /// Who holds this bearer key. Errors: unauthenticated, whatever is wrong with it.
  virtual result<principal> authenticate(std::string_view key) = 0;

  // Cursors are made of row numbers, and those tell how many rows others have: clients get them sealed.
  virtual std::string seal_cursor(application_id app, const std::string& cursor) = 0;
  /// What was sealed for this application. Errors: invalid_cursor.
  virtual result<std::string> open_cursor(application_id app, const std::string& sealed) = 0;

  /// Errors: conflict (the name is taken), idempotency_mismatch.
  virtual result<created_application> create_application(
      const std::string& name, const std::optional<std::string>& idempotency_key) = 0;
  virtual result<page<application>> list_applications(const page_request& request) = 0;
  /// How long things stay of applications that wish nothing else.
  virtual const retention& usual_retention() const = 0;
  // Errors of each that follows: not_found; of changes: conflict for `default`.
  /// By name or id.
  virtual result<application> find_application(const std::string& name_or_id) = 0;
  virtual result<application> get_application(application_id app) = 0;
  /// Edits its name and how long things stay; an error changes nothing.
  using application_change = std::function<result<void>(application& now)>;
  virtual result<application> change_application(application_id app, const application_change& how) = 0;
  virtual result<application> suspend_application(application_id app) = 0;
  virtual result<application> resume_application(application_id app) = 0;
  virtual result<void> delete_application(application_id app) = 0;

  /// Errors: conflict (too many, or the idempotency key made one before), invalid_field (its end has passed).
  virtual result<made_api_key> create_key(application_id app, const api_key_wish& wish,
                                          const std::optional<std::string>& idempotency_key) = 0;
  virtual result<page<api_key>> list_keys(application_id app, const page_request& request) = 0;
  virtual result<api_key> get_key(application_id app, const std::string& id) = 0;
  virtual result<api_key> change_key(application_id app, const std::string& id,
                                     const std::function<result<void>(api_key&)>& change) = 0;
  /// Makes a second live key. Errors: conflict (two are live).
  virtual result<made_api_key> rotate_key(application_id app, const std::string& id,
                                          std::optional<utc_ms> overlap) = 0;
  /// When this has returned, this node takes the key no more; others do for at most a quarter of a second.
  virtual result<void> revoke_key(application_id app, const std::string& id) = 0;

  virtual result<registered_device> put_device(application_id app, const device& value) = 0;
  /// Several at once, in one transaction, as if one after the other. A failure of the whole call stored
  /// nothing.
  virtual result<std::vector<registered_device>> put_devices(application_id app,
                                                             const std::vector<device>& values) = 0;
  virtual result<stored_device> get_device(application_id app, const std::string& device_id) = 0;
  /// Reads, lets `change` edit, and writes in one transaction; an error of `change` is returned and stores
  /// nothing.
  virtual result<stored_device> patch_device(application_id app, const std::string& device_id,
                                             const std::function<result<void>(device&)>& change) = 0;
  virtual result<void> delete_device(application_id app, const std::string& device_id) = 0;
  /// Several at once; whether each was there.
  virtual result<std::vector<bool>> delete_devices(application_id app,
                                                   const std::vector<std::string>& device_ids) = 0;
  /// Registers many devices in one transaction; the answer has one element per device, in order: whether it
  /// is new. A failure of the whole call stored nothing.
  virtual result<std::vector<bool>> import_devices(application_id app, const std::vector<device>& values) = 0;
  /// The device that holds the push token of this one. Errors: not_found.
  virtual result<stored_device> find_token(application_id app, const device& wanted) = 0;
  /// Which device holds each token; one that nobody holds is registered as the device given.
  virtual result<std::vector<token_holder>> hold_tokens(application_id app,
                                                        const std::vector<device>& values) = 0;
  // A search, a count and an export take enabled devices only, in key order, and are exact. Errors:
  // invalid_condition for segments that are not there.
  virtual result<page<stored_device>> search_devices(application_id app, const device_filter& which,
                                                     const page_request& request) = 0;
  virtual result<device_count> count_devices(application_id app, const device_filter& which) = 0;
  /// The devices behind the one of this id, or all. Errors: not_found.
  virtual result<export_range> begin_export(application_id app, const device_filter& which,
                                            const std::optional<std::string>& after) = 0;
  /// The devices of the range's first page, about 1 MiB; a page may be empty and not the last.
  virtual result<exported_devices> export_devices(application_id app, const export_range& range) = 0;

  /// Whether a segment may be saved or deleted, judged by what is there (null = nothing) in the same
  /// transaction; an error changes nothing.
  using segment_check = std::function<result<void>(const segment* now)>;
  virtual result<saved_segment> put_segment(application_id app, const std::string& name,
                                            const condition& where, const segment_check& allowed) = 0;
  virtual result<segment> get_segment(application_id app, const std::string& name) = 0;
  virtual result<void> delete_segment(application_id app, const std::string& name,
                                      const segment_check& allowed) = 0;
  virtual result<page<segment>> list_segments(application_id app, const page_request& request) = 0;

  virtual result<std::vector<indexed_name>> indexed_properties(application_id app) = 0;
  /// From now on exactly these are indexed.
  virtual result<std::vector<indexed_name>> index_properties(application_id app,
                                                             const std::vector<std::string>& names) = 0;

  virtual result<std::vector<gateway_description>> gateways(application_id app) = 0;

  /// Errors: invalid_field, conflict, credential_refused, gateway_unavailable (it could not be verified),
  /// secrets_key_mismatch.
  virtual result<shown_credential> create_credential(application_id app, const credential_draft& draft) = 0;
  virtual result<std::vector<shown_credential>> list_credentials(application_id app) = 0;
  virtual result<shown_credential> get_credential(application_id app, const std::string& id) = 0;
  /// What is activated is verified before; as create_credential().
  virtual result<shown_credential> change_credential(application_id app, const std::string& id,
                                                     const credential_change& change) = 0;
  /// Asks the gateway, and notes what it said. Errors: as create_credential().
  virtual result<shown_credential> verify_credential(application_id app, const std::string& id) = 0;
  virtual result<void> delete_credential(application_id app, const std::string& id) = 0;
  /// The latest first.
  virtual result<std::vector<token_hold>> token_holds(application_id app) = 0;
  /// Errors: not_found, conflict (decided already).
  virtual result<token_hold> decide_token_hold(application_id app, uint64_t id, token_hold_state as) = 0;

  /// Newest first; `of`: only what concerns this notification. A page may be short and not the last.
  virtual result<page<feed_event>> device_history(application_id app, const std::string& device_id,
                                                  event_types wanted, const std::optional<std::string>& of,
                                                  const page_request& request) = 0;
  /// All in one transaction; one element per report, in order.
  virtual result<std::vector<recorded_report>> report_events(application_id app,
                                                             const std::vector<client_report>& reports) = 0;
  /// Errors: invalid_cursor, cursor_expired.
  virtual result<feed_page> read_feed(application_id app, event_types wanted,
                                      const page_request& request) = 0;
  virtual result<page<stored_device>> list_user_devices(application_id app, const std::string& user_id,
                                                        const page_request& request) = 0;
  virtual result<erased_user> erase_user(application_id app, const std::string& user_id) = 0;

  /// Those among them that have settled or are gone.
  virtual result<std::set<notification_key>> settled_among(const std::vector<notification_key>& keys) = 0;
  /// What create_notification would refuse before it looks at the stores.
  virtual result<void> check_notification(application_id app, const notification_draft& draft) = 0;
  /// `render` gives the body that is stored with the idempotency key and replayed.
  virtual result<created_notification> create_notification(
      application_id app, const notification_draft& draft, const std::optional<idempotency>& once,
      const std::function<std::string(const notification&)>& render) = 0;
  /// The same for several, with an outcome for each; those that can are stored in one transaction.
  virtual std::vector<result<created_notification>> create_notifications(
      application_id app, const std::vector<wished_notification>& wished,
      const std::function<std::string(const notification&)>& render) = 0;
  virtual result<notification> get_notification(application_id app, const std::string& id) = 0;
  virtual result<page<notification>> list_notifications(application_id app, const notification_filter& wanted,
                                                        const page_request& request) = 0;
  virtual result<created_notification> launch_notification(
      application_id app, const std::string& id, const std::optional<idempotency>& once,
      const std::function<std::string(const notification&)>& render, const std::string& trace_parent) = 0;

  // The rest of a notification's life. Errors of each: not_found, and wrong_state, whose sentence names the
  // state.
  /// `change` makes the new draft of the present one; its error changes nothing.
  virtual result<notification> change_notification(
      application_id app, const std::string& id,
      const std::function<result<notification_draft>(const notification& now)>& change) = 0;
  /// An error of `allowed` deletes nothing.
  virtual result<void> delete_notification(
      application_id app, const std::string& id,
      const std::function<result<void>(const notification& now)>& allowed) = 0;
  /// Answers once the senders are told. Errors: journal_unavailable.
  virtual result<notification> step_notification(application_id app, const std::string& id,
                                                 life_step step) = 0;

  /// Sends nothing and stores nothing. Errors: not_found (the device), invalid_condition (a segment of the
  /// audience).
  virtual result<rehearsal> rehearse(application_id app, const notification_draft& draft,
                                     const rehearsal_wish& wish) = 0;

  /// A page may be short and not the last.
  virtual result<page<delivery>> list_deliveries(application_id app, const std::string& id,
                                                 const delivery_filter& wanted,
                                                 const page_request& request) = 0;
  virtual result<explained_delivery> explain_delivery(application_id app, const std::string& id,
                                                      const std::string& device_id) = 0;
  /// By gateway and reason, and over time.
  virtual result<delivery_summary> summarize_deliveries(application_id app, const std::string& id) = 0;
};

}  // namespace pusher::http
