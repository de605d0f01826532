#include "transports/fcm/legacy.hpp"

#include <algorithm>

#include <rapidjson/document.h>

#include "model/json_members.hpp"
#include "model/limits.hpp"
#include "transports/device_text.hpp"
#include "transports/json_tokens.hpp"
#include "transports/threaded_transport.hpp"

namespace pusher {

namespace {

using rapidjson::Document;
using rapidjson::Value;
using action = answer_action;
using reach = answer_reach;

constexpr std::string_view body_prefix = R"({"registration_ids":[)";
constexpr int64_t busy_wait_ms = 10'000;
constexpr int64_t rate_wait_ms = 60'000;

// Source: the error codes of the legacy HTTP protocol, as its last documentation had them.
constexpr answer_rule rules[] = {
    {200, 200, "", "named", action::accepted, reach::target, 0, false,
     "taken; with a registration_id, that is the token from now on"},
    {200, 200, "NotRegistered", "", action::dead_token, reach::target, 0, false, "the app was removed"},
    {200, 200, "InvalidRegistration", "", action::dead_token, reach::target, 0, false, "no token at all"},
    {200, 200, "MismatchSenderId", "", action::refused, reach::target, 0, false,
     "the token is alive, in another project"},
    {200, 200, "Unavailable", "", action::retry, reach::target, busy_wait_ms, false, "overloaded"},
    {200, 200, "InternalServerError", "", action::retry, reach::target, busy_wait_ms, false, "failed"},
    {200, 200, "DeviceMessageRateExceeded", "", action::retry, reach::target, rate_wait_ms, true,
     "too much for this device"},
    {200, 200, "TopicsMessageRateExceeded", "", action::retry, reach::target, rate_wait_ms, true,
     "too much for this topic"},
    {200, 200, "InvalidApnsCredential", "", action::refused, reach::credential, 0, false,
     "the APNs key in the Firebase project is bad"},
    {200, 200, "MALFORMED_ANSWER", "", action::unknown, reach::target, 0, false,
     "a success without results: something in between may have made it up"},
    {200, 200, "", "", action::refused, reach::target, 0, false,
     "MissingRegistration, InvalidPackageName, MessageTooBig, InvalidDataKey, InvalidTtl and others"},
    {401, 401, "", "", action::refused_credential, reach::credential, 0, false, "the server key is refused"},
    {429, 429, "", "", action::retry, reach::credential, rate_wait_ms, true, "too much"},
    {500, 599, "", "", action::retry, reach::target, busy_wait_ms, false, "down or overloaded"},
    {300, 499, "", "foreign", action::refused, reach::endpoint, 0, false,
     "nobody speaks the legacy API here: Google ended it in 2024"},
    {400, 499, "", "", action::refused, reach::target, 0, false, "the request is wrong"},
};

answer_reading read_result(const Value& result) {
  answer_reading part;
  if (!result.IsObject()) {
    part.code = "MALFORMED_ANSWER";
    return part;
  }
  part.code = json::text_at(result, "error").substr(0, 64);
  part.message_id = json::text_at(result, "message_id");
  part.replacement_token = json::text_at(result, "registration_id");
  if (part.code.empty()) {
    if (part.message_id.empty())
      part.code = "MALFORMED_ANSWER";
    else
      part.detail = "named";
  }
  return part;
}

class message_builder {
 public:
  message_builder(const message& from, utc_ms now) : from_(from), now_(now) { document_.SetObject(); }

  result<Document> build() {
    auto& content = from_.content;
    Value notification(rapidjson::kObjectType);
    set(notification, "title", content.title);
    set(notification, "body", content.body);
    set(notification, "image", content.image_url);
    set(notification, "sound", content.sound);
    if (content.badge) set(notification, "badge", std::optional(std::to_string(*content.badge)));
    Value data(rapidjson::kObjectType);
    for (auto& [name, value] : content.data)
      set(data, name, std::optional(value));
    if (content.data.count("deep_link") == 0) set(data, "deep_link", content.deep_link);
    document_.AddMember("notification", notification, memory());
    document_.AddMember("data", data, memory());
    set(document_, "collapse_key", from_.collapse_key);
    auto left = std::clamp<int64_t>((from_.expires_at - now_) / 1000, 0, limits::ttl_seconds_max);
    document_.AddMember("time_to_live", left, memory());
    if (auto merged = merge_override(); !merged) return merged.failure();
    for (const char* name : {"notification", "data"})
      if (document_[name].ObjectEmpty()) document_.RemoveMember(name);
    return std::move(document_);
  }

 private:
  Document::AllocatorType& memory() { return document_.GetAllocator(); }
  void set(Value& object, const std::string& name, const std::optional<std::string>& value) {
    if (!value) return;
    Value key(name.data(), static_cast<rapidjson::SizeType>(name.size()), memory());
    Value text(value->data(), static_cast<rapidjson::SizeType>(value->size()), memory());
    object.AddMember(key, text, memory());
  }

  result<void> merge_override() {
    if (from_.android.empty()) return {};
    auto given = json::parse(from_.android);
    if (!given || !given->IsObject())
      return error{errc::corrupt_data, "the override for android is not a JSON object", "", 0};
    if (auto priority = json::text_at(*given, "priority"); !priority.empty())
      set(document_, "priority",
          std::optional<std::string>(priority == "NORMAL" || priority == "normal" ? "normal" : "high"));
    if (auto package = json::text_at(*given, "restricted_package_name"); !package.empty())
      set(document_, "restricted_package_name", std::optional(package));
    if (auto shown = given->FindMember("notification");
        shown != given->MemberEnd() && shown->value.IsObject())
      json::merge_patch(document_["notification"], shown->value, memory());
    return {};
  }

  const message& from_;
  utc_ms now_;
  Document document_;
};

}  // namespace

const verdict_table fcm_legacy_answers(rules);

answer_reading read_fcm_legacy_answer(int status, std::string_view body, size_t targets) {
  answer_reading reading;
  auto parsed = json::parse(body);
  bool understood = parsed && parsed->IsObject();
  if (status != 200) {
    if (!understood) reading.detail = "foreign";
    return reading;
  }
  reading.code = "MALFORMED_ANSWER";
  if (!understood) return reading;
  auto results = parsed->FindMember("results");
  if (results == parsed->MemberEnd() || !results->value.IsArray() || results->value.Size() != targets)
    return reading;
  for (auto& each : results->value.GetArray())
    reading.parts.push_back(read_result(each));
  // What the answer says as a whole: the gateway works.
  reading.code.clear();
  reading.detail = "named";
  return reading;
}

result<std::string> render_fcm_legacy_suffix(const message& content, utc_ms now) {
  auto built = message_builder(content, now).build();
  if (!built) return std::move(built).failure();
  return "]," + json::to_text(*built).substr(1);  // never empty: time_to_live is there
}

result<std::string> render_fcm_legacy_suffix(const message& content, utc_ms now, size_t most) {
  auto made = render_fcm_legacy_suffix(content, now);
  if (made && made->size() > most)
    return error{errc::payload_too_large, "the push is larger than FCM's legacy API takes", "/content", 0};
  return made;
}

fcm_legacy_protocol::fcm_legacy_protocol(const std::string& server_key, const origin& where)
    : head_(std::make_shared<h2::request_head>(h2::request_head{{":method", "POST"},
                                                                {":scheme", "https"},
                                                                {":authority", where.authority},
                                                                {":path", where.path + "/fcm/send"},
                                                                {"authorization", "key=" + server_key},
                                                                {"content-type", "application/json"},
                                                                {"user-agent", "pusher"}})) {}

std::optional<verdict> fcm_legacy_protocol::word(push_request& fresh, utc_ms now) {
  auto& order = *fresh.targets.front().of;
  auto& content = *order.order.content;
  if (!order.rendered || now - order.rendered->at >= 1'000) {
    auto suffix = render_fcm_legacy_suffix(content, now);
    if (!suffix) return refused_content(suffix.failure());
    order.rendered = as_rendered(*std::move(suffix), content, now);
  }
  fresh.rendered = order.rendered;
  fresh.head = head_;
  auto text = text_for_device(fresh, limits::fcm_message_bytes, [&](const message& whole) {
    return render_fcm_legacy_suffix(whole, now, limits::fcm_message_bytes);
  });
  if (!text) return refused_content(text.failure());
  fresh.payload = {body_prefix, join_tokens(fresh.targets, fresh.scratch), *text};
  return std::nullopt;
}

result<std::unique_ptr<transport>> make_fcm_legacy_transport(const fcm_legacy_settings& settings,
                                                             const limits_settings& limits,
                                                             answer_sink& sink) {
  return start_transport(sink, [&](event_loop& loop) -> result<std::unique_ptr<loop_side>> {
    auto where = parse_origin(settings.base_url);
    if (!where) return std::move(where).failure();
    auto tls = tls_context::make(settings.ca_file, {}, alpn::h2_or_http1);
    if (!tls) return std::move(tls).failure();
    auto bounds = pool_bounds_of(limits);
    bounds.connection.or_http1 = true;
    auto protocol = std::make_unique<fcm_legacy_protocol>(settings.server_key, *where);
    return std::unique_ptr<loop_side>(
        std::make_unique<single_origin>(loop, *std::move(tls), std::move(protocol), "FCM (legacy)", *where,
                                        limits, bounds, sending_pace{0, 0, limits.retry_budget_percent}));
  });
}

}  // namespace pusher
