// A notification: what is to be said, to which audience, how and when.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/limits.hpp"
#include "model/local_time.hpp"
#include "model/outcome.hpp"
#include "model/template.hpp"

namespace pusher {

/// Numbers are stored: never renumber.
enum class notification_state : uint8_t {
  draft = 1,      ///< may be changed; nothing is sent
  scheduled = 2,  ///< waits for its due time
  launched = 3,   ///< fan-out has not appended its first batch yet
  sending = 4,    ///< batches are on their way
  completed = 5,  ///< every target has its outcome
  paused = 6,
  canceled = 7,
  expired = 8,
  deleted = 9  ///< no client sees it any more; its rows are on their way out
};
std::string_view to_string(notification_state value);
std::optional<notification_state> parse_notification_state(std::string_view name);

/// Numbers are stored: never renumber.
enum class lane : uint8_t {
  transactional = 1,  ///< never waits behind a campaign
  campaign = 2
};
std::string_view to_string(lane value);
std::optional<lane> parse_lane(std::string_view name);

/// What the user sees, in terms that every gateway knows.
struct content {
  std::optional<std::string> title;
  std::optional<std::string> body;
  std::optional<std::string> image_url;
  std::optional<std::string> icon_url;
  std::optional<std::string> deep_link;
  std::optional<std::string> sound;
  std::optional<int> badge;
  std::map<std::string, std::string> data;
};

/// What devices of a locale are told instead of the content: the fields that are there, and of `data` the
/// entries.
struct localization {
  std::string locale;  ///< see canonical_locale()
  pusher::content content;
};

/// What a value must not break out of where it stands in a text.
enum class value_form : uint8_t {
  text,
  url_start,  ///< the value begins a URL, or is one
  url_path,   ///< it stands behind the beginning of one
  url_query   ///< it stands behind a URL's `?` or `#`
};

/// A place in a message's texts where a device's value goes.
struct blank {
  size_t variable = 0;  ///< its number among the message's variables
  value_form form = value_form::text;
  std::string fallback;  ///< what stands there when the device has no value
};

/// What the senders need to know of a notification, the same for every device. Kept once in Redis.
struct message {
  notification_key key;
  pusher::content content;
  std::vector<localization> localizations;
  std::string android;  ///< platform override: a JSON object, empty = none; likewise the next three
  std::string apns;
  std::string webpush;
  std::string hms;
  std::optional<std::string> collapse_key;
  uint32_t rate_per_second = 0;     ///< pushes of this notification, all senders together; 0 = no limit
  utc_ms expires_at = 0;            ///< launch + time-to-live; no push leaves at or after it
  bool allow_duplicates = false;    ///< `duplicates: allow`: a push of unknown outcome may be sent again
  std::vector<variable> variables;  ///< that its texts use, each once; devices' values come in this order
  std::string trace_parent = {};    ///< see notification_draft

  // -- of a worded message (model/message_wording.hpp); never stored --
  std::vector<blank> blanks;
  std::string mark;  ///< how a blank begins in the texts; occurs in them nowhere else
  /// A device's values decide more than what stands in the blanks, so that each push is rendered by itself.
  bool by_device = false;
};

struct audience_all {};
struct audience_condition {
  std::string json;  ///< as model/condition.hpp writes it; may use segments
};
struct audience_segment {
  std::string name;
};
struct audience_device_ids {
  std::vector<std::string> ids;
};
struct audience_user_ids {
  std::vector<std::string> ids;
};
/// Devices, each with variables of its own.
struct audience_targets {
  struct target {
    std::string device_id;  ///< each once
    std::string variables;  ///< a JSON object of texts, numbers and booleans
  };
  std::vector<target> targets;
};
using audience = std::variant<audience_all, audience_condition, audience_segment, audience_device_ids,
                              audience_user_ids, audience_targets>;

/// A notification as a client describes it.
struct notification_draft {
  pusher::content content;
  std::vector<localization> localizations;  ///< ordered by locale
  std::string android, apns, webpush, hms;  ///< JSON objects, empty = none
  pusher::audience audience;
  std::optional<std::string> external_id;
  pusher::lane lane = lane::campaign;
  uint32_t ttl_seconds = limits::ttl_seconds_max;
  uint32_t rate_per_second = 0;  ///< 0 = no limit
  std::optional<std::string> collapse_key;
  bool allow_duplicates = false;
  utc_ms scheduled_at = 0;                ///< when it is launched by itself; 0 = not scheduled
  std::optional<wall_time> local_time;    ///< when each device gets it, by a clock in the device's time zone
  std::string default_time_zone = "UTC";  ///< with local_time: of devices that have none
  uint32_t misfire_grace_seconds = 3600;  ///< a scheduled launch that is later than this does not take place
  bool launch = false;                    ///< go at once
  std::string trace_parent = {};          ///< of the traced call that launched it; empty = none was
};

/// What senders will be told; without key and expiry.
message message_of(const notification_draft& draft);
/// The device ids that the audience names, in its order; nothing for other kinds of audience.
std::vector<std::string> named_devices(const audience& of);

/// A notification as stored.
struct notification {
  notification_key key;
  std::string id;  ///< public id, UUIDv7
  application_id application;
  notification_draft draft;
  notification_state state = notification_state::draft;
  bool fan_out_done = false;
  uint64_t audience = 0;  ///< targets found so far; final once fan_out_done
  outcome_counts counts;  ///< settled targets
  uint64_t received = 0;  ///< devices whose client reported it; likewise opened
  uint64_t opened = 0;
  /// What the audience's segments stood for when it was launched; empty when it uses none, or is a draft.
  std::string condition_at_launch;
  std::string reason;     ///< why it expired or was canceled without a client's asking; else empty
  uint32_t revision = 1;  ///< rises with every change that a client makes
  utc_ms created_at = 0;
  utc_ms launched_at = 0;   ///< 0 = not launched; likewise below
  utc_ms completed_at = 0;  ///< when the last outcome was recorded
  utc_ms canceled_at = 0;
  utc_ms next_wave_at = 0;  ///< with local_time, launched and not fanned out yet: when the next zones get it

  /// Whether every target has its outcome, and none will come.
  bool settled() const { return fan_out_done && counts.total() == audience; }
};

/// One row of deliveries as clients see it.
struct delivery {
  std::string device_id;  ///< empty when the device was deleted since
  pusher::outcome outcome = outcome::unknown;
  uint32_t attempts = 0;
  std::optional<pusher::gateway> gateway = {};  ///< that it went through, or would have
  std::string gateway_message_id;
  std::string code;  ///< the gateway's error code or our rule; empty when accepted
  utc_ms settled_at = 0;
};

}  // namespace pusher
