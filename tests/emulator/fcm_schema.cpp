#include "tests/emulator/fcm_schema.hpp"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>

namespace pusher::emulator {

namespace {

using t = field_type;

constexpr field label_only[] = {{"analytics_label", t::label}};
constexpr schema fcm_options{label_only, std::size(label_only)};

constexpr field apns_options_fields[] = {{"analytics_label", t::label}, {"image", t::text}};
constexpr schema apns_options{apns_options_fields, std::size(apns_options_fields)};

constexpr field webpush_options_fields[] = {{"link", t::text}, {"analytics_label", t::label}};
constexpr schema webpush_options{webpush_options_fields, std::size(webpush_options_fields)};

constexpr field notification_fields[] = {{"title", t::text}, {"body", t::text}, {"image", t::text}};
constexpr schema notification{notification_fields, std::size(notification_fields)};

constexpr field light_color_fields[] = {
    {"red", t::number}, {"green", t::number}, {"blue", t::number}, {"alpha", t::number}};
constexpr schema light_color{light_color_fields, std::size(light_color_fields)};

constexpr field light_fields[] = {{"color", t::object, &light_color},
                                  {"light_on_duration", t::duration},
                                  {"light_off_duration", t::duration}};
constexpr schema light{light_fields, std::size(light_fields)};

constexpr field android_notification_fields[] = {
    {"title", t::text},
    {"body", t::text},
    {"icon", t::text},
    {"color", t::color},
    {"sound", t::text},
    {"tag", t::text},
    {"click_action", t::text},
    {"body_loc_key", t::text},
    {"body_loc_args", t::text_list},
    {"title_loc_key", t::text},
    {"title_loc_args", t::text_list},
    {"channel_id", t::text},
    {"ticker", t::text},
    {"sticky", t::boolean},
    {"event_time", t::timestamp},
    {"local_only", t::boolean},
    {"notification_priority", t::notification_priority},
    {"default_sound", t::boolean},
    {"default_vibrate_timings", t::boolean},
    {"default_light_settings", t::boolean},
    {"vibrate_timings", t::duration_list},
    {"visibility", t::visibility},
    {"notification_count", t::int32},
    {"light_settings", t::object, &light},
    {"image", t::text},
    {"proxy", t::proxy},
    {"bypass_proxy_notification", t::boolean},
};
constexpr schema android_notification{android_notification_fields, std::size(android_notification_fields)};

constexpr field android_fields[] = {
    {"collapse_key", t::text},
    {"priority", t::priority},
    {"ttl", t::ttl},
    {"restricted_package_name", t::text},
    {"data", t::data_map},
    {"notification", t::object, &android_notification},
    {"fcm_options", t::object, &fcm_options},
    {"direct_boot_ok", t::boolean},
    {"bandwidth_constrained_ok", t::boolean},
    {"restricted_satellite_ok", t::boolean},
};
constexpr schema android{android_fields, std::size(android_fields)};

constexpr field apns_fields[] = {
    {"headers", t::text_map},
    {"payload", t::free_object},
    {"fcm_options", t::object, &apns_options},
    {"live_activity_token", t::text},
};
constexpr schema apns{apns_fields, std::size(apns_fields)};

constexpr field webpush_fields[] = {
    {"headers", t::text_map},
    {"data", t::data_map},
    {"notification", t::free_object},
    {"fcm_options", t::object, &webpush_options},
};
constexpr schema webpush{webpush_fields, std::size(webpush_fields)};

constexpr field message_fields[] = {
    {"token", t::text},
    {"data", t::data_map},
    {"notification", t::object, &notification},
    {"android", t::object, &android},
    {"apns", t::object, &apns},
    {"webpush", t::object, &webpush},
    {"fcm_options", t::object, &fcm_options},
    {"fid", t::text},
    {"topic", t::topic},
    {"condition", t::text},
    {"name", t::text},
    {"android_v2", t::free_object},
};
constexpr schema message{message_fields, std::size(message_fields)};

constexpr field request_fields[] = {{"message", t::object, &message}, {"validate_only", t::boolean}};

std::string snake_case(std::string_view camel) {
  std::string snake;
  for (char c : camel) {
    bool upper = c >= 'A' && c <= 'Z';
    if (upper) snake += '_';
    snake += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return snake;
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

/// \d+(\.\d{1,9})?s, of at most `most_seconds`.
bool is_duration(std::string_view text, uint64_t most_seconds) {
  uint64_t seconds = 0;
  size_t at = 0;
  for (; at < text.size() && digit(text[at]) && at < 12; ++at)
    seconds = seconds * 10 + static_cast<uint64_t>(text[at] - '0');
  if (at == 0) return false;
  bool fraction = false;
  if (at < text.size() && text[at] == '.') {
    size_t first = ++at;
    for (; at < text.size() && digit(text[at]); ++at)
      fraction = fraction || text[at] != '0';
    if (at == first || at - first > 9) return false;
  }
  if (text.substr(at) != "s") return false;
  return seconds < most_seconds || (seconds == most_seconds && !fraction);
}

/// YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm), without a look at the calendar.
bool is_timestamp(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i)
    if (form[i] == 'd' ? !digit(text[i]) : text[i] != form[i]) return false;
  text.remove_prefix(form.size());
  if (text.front() == '.') {
    size_t end = 1;
    while (end < text.size() && digit(text[end]))
      ++end;
    if (end == 1 || end > 10) return false;
    text.remove_prefix(end);
  }
  if (text == "Z") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(text[1]) && digit(text[2]) &&
         text[3] == ':' && digit(text[4]) && digit(text[5]);
}

bool is_color(std::string_view text) {
  auto hex = [](char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return text.size() == 7 && text[0] == '#' && std::all_of(text.begin() + 1, text.end(), hex);
}

bool is_name(std::string_view text, size_t longest) {
  auto belongs = [](char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.~%").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), belongs);
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

constexpr uint64_t four_weeks_seconds = 2'419'200;
constexpr uint64_t longest_duration_seconds = 315'576'000'000;

}  // namespace

const schema send_request_schema{request_fields, std::size(request_fields)};

const field* find_field(const schema& of, std::string_view name) {
  auto end = of.fields + of.count;
  auto named = [](std::string_view wanted) { return [wanted](const field& f) { return f.name == wanted; }; };
  auto found = std::find_if(of.fields, end, named(name));
  if (found == end && name.find('_') == std::string_view::npos)
    found = std::find_if(of.fields, end, named(snake_case(name)));
  return found == end ? nullptr : found;
}

bool well_formed(field_type type, std::string_view text) {
  switch (type) {
    case t::ttl:
      return is_duration(text, four_weeks_seconds);
    case t::duration:
    case t::duration_list:
      return is_duration(text, longest_duration_seconds);
    case t::timestamp:
      return is_timestamp(text);
    case t::color:
      return is_color(text);
    case t::label:
      return is_name(text, 50);
    case t::topic:
      return is_name(text, 900);
    // The documentation's own examples write this one in lower case.
    case t::priority:
      return one_of(text, {"HIGH", "NORMAL", "high", "normal"});
    case t::notification_priority:
      return one_of(text, {"PRIORITY_UNSPECIFIED", "PRIORITY_MIN", "PRIORITY_LOW", "PRIORITY_DEFAULT",
                           "PRIORITY_HIGH", "PRIORITY_MAX"});
    case t::visibility:
      return one_of(text, {"VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"});
    case t::proxy:
      return one_of(text, {"PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"});
    case t::text:
    case t::boolean:
    case t::int32:
    case t::number:
    case t::text_list:
    case t::text_map:
    case t::data_map:
    case t::object:
    case t::free_object:
      return true;
  }
  return true;
}

std::string_view name_of(field_type type) {
  switch (type) {
    case t::boolean:
      return "TYPE_BOOL";
    case t::int32:
      return "TYPE_INT32";
    case t::number:
      return "TYPE_FLOAT";
    case t::object:
      return "TYPE_MESSAGE";
    case t::free_object:
      return "type.googleapis.com/google.protobuf.Struct";
    case t::text_map:
    case t::data_map:
      return "Map";
    case t::ttl:
    case t::duration:
    case t::duration_list:
      return "type.googleapis.com/google.protobuf.Duration";
    case t::timestamp:
      return "type.googleapis.com/google.protobuf.Timestamp";
    case t::priority:
      return "type.googleapis.com/google.firebase.fcm.v1.AndroidMessagePriority";
    case t::notification_priority:
      return "type.googleapis.com/google.firebase.fcm.v1.AndroidNotification.NotificationPriority";
    case t::visibility:
      return "type.googleapis.com/google.firebase.fcm.v1.AndroidNotification.Visibility";
    case t::proxy:
      return "type.googleapis.com/google.firebase.fcm.v1.AndroidNotification.Proxy";
    case t::text:
    case t::text_list:
    case t::color:
    case t::label:
    case t::topic:
      return "TYPE_STRING";
  }
  return "TYPE_STRING";
}

bool reserved_data_key(std::string_view key) {
  return key == "from" || key == "message_type" || starts_with(key, "google") || starts_with(key, "gcm");
}

}  // namespace pusher::emulator
