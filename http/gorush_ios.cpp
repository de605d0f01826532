#include <algorithm>
#include <cmath>

#include "http/codec_gorush.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

/// How a field of the call becomes a member of `aps` or of its alert.
struct mapped_text {
  const char* name;
  const char* member;
};
constexpr mapped_text aps_texts[] = {{"category", "category"},   {"thread-id", "thread-id"},
                                     {"thread_id", "thread-id"}, {"interruption_level", "interruption-level"},
                                     {"event", "event"},         {"attributes-type", "attributes-type"}};
constexpr const char* alert_texts[] = {"subtitle", "action",        "action-loc-key", "launch-image",
                                       "loc-key",  "title-loc-key", "summary-arg"};

class ios_reader {
 public:
  ios_reader(loose_reader& from, utc_ms now, notification_draft& into)
      : from_(from), now_(now), into_(into) {}

  void read() {
    read_alert();
    read_sound();
    read_aps();
    read_live_activity();
    read_data();
    read_headers();
    if (const auto* given_apns = from_.object("apns")) merge_override(*given_apns);
    into_.apns = apns_.text();
  }

 private:
  void read_alert() {
    auto title = from_.text("title"), body = from_.text("message");
    if (const auto* alert = from_.object("alert")) {
      loose_reader inner(*alert, "alert");
      if (auto text = inner.text("title"); !text.empty()) title = text;
      if (auto text = inner.text("body"); !text.empty()) body = text;
      for (const char* name : alert_texts)
        apns_.set_text({"payload", "aps", "alert", name}, inner.text(name));
      for (const char* name : {"loc-args", "title-loc-args"})
        if (!inner.texts(name).empty()) apns_.set({"payload", "aps", "alert", name}, *inner.any(name));
      if (auto count = inner.number("summary-arg-count").value_or(0); count > 0)
        apns_.set({"payload", "aps", "alert", "summary-arg-count"}, count);
      if (inner.fault()) from_.fail("alert", inner.fault()->pointer + ": " + inner.fault()->detail);
    }
    into_.content.title = given(std::move(title));
    into_.content.body = given(std::move(body));
  }

  /// A name, or {critical, name, volume}; `name` and `volume` beside it make such an object as well.
  void read_sound() {
    const auto* sound = from_.any("sound");
    auto name = from_.text("name");
    auto volume = from_.decimal("volume");
    if (sound && sound->IsString()) into_.content.sound = given(std::string(json::view(*sound)));
    if (sound && sound->IsObject()) apns_.set({"payload", "aps", "sound"}, *sound);
    bool parts = !name.empty() || volume.value_or(0) > 0;
    if (parts) {
      if (!apns_.has({"payload", "aps", "sound"})) {
        apns_.set({"payload", "aps", "sound", "critical"}, int64_t{1});
        apns_.set({"payload", "aps", "sound", "name"}, into_.content.sound.value_or("default"));
        apns_.set({"payload", "aps", "sound", "volume"}, 1.0);
      }
      into_.content.sound.reset();
      apns_.set_text({"payload", "aps", "sound", "name"}, name);
      if (volume.value_or(0) > 0) apns_.set({"payload", "aps", "sound", "volume"}, *volume);
    }
    limit_volume();
  }

  /// Apple's loudest is 1; gorush's own examples go beyond.
  void limit_volume() {
    auto* volume = apns_.find({"payload", "aps", "sound", "volume"});
    if (volume && volume->IsNumber()) volume->SetDouble(std::clamp(volume->GetDouble(), 0.0, 1.0));
  }

  void read_aps() {
    for (const auto& [name, member] : aps_texts)
      apns_.set_text({"payload", "aps", member}, from_.text(name));
    if (!from_.texts("url-args").empty()) apns_.set({"payload", "aps", "url-args"}, *from_.any("url-args"));
    if (from_.flag("content_available")) apns_.set({"payload", "aps", "content-available"}, int64_t{1});
    if (from_.flag("mutable_content")) apns_.set({"payload", "aps", "mutable-content"}, int64_t{1});
    auto badge = from_.number("badge");
    if (badge && *badge > 1'000'000) from_.fail("badge", "A badge is at most 1000000.");
    if (badge && *badge >= 0) into_.content.badge = static_cast<int>(*badge);
  }

  void read_live_activity() {
    for (const char* name : {"content-state", "attributes"})
      if (const auto* object = from_.object(name)) apns_.set({"payload", "aps", name}, *object);
    for (const char* name : {"timestamp", "stale-date", "dismissal-date"})
      if (auto time = from_.number(name).value_or(0); time > 0) apns_.set({"payload", "aps", name}, time);
    if (auto score = from_.decimal("relevance-score"))
      apns_.set({"payload", "aps", "relevance-score"}, *score);
  }

  /// Of any type, as the app expects them; our own `content.data` has texts only.
  void read_data() {
    const auto* data = from_.object("data");
    if (!data) return;
    for (const auto& member : data->GetObject()) {
      if (json::view(member.name) == "aps")
        return from_.fail("data", "Apple keeps the key \"aps\" for itself; choose another name.");
      apns_.set({"payload", member.name.GetString()}, member.value);
    }
  }

  void read_headers() {
    apns_.set_text({"headers", "apns-topic"}, from_.text("topic"));
    apns_.set_text({"headers", "apns-id"}, from_.text("apns_id"));
    apns_.set_text({"headers", "apns-collapse-id"}, from_.text("collapse_id"));
    auto type = from_.text("push_type");
    apns_.set_text({"headers", "apns-push-type"}, type);
    auto priority = from_.text("priority");
    // Apple takes nothing but 5 for a background push.
    bool background = type.empty() ? !shows_something() : type == "background";
    if (priority == "normal") apns_.set({"headers", "apns-priority"}, "5");
    if (priority == "high" && !background) apns_.set({"headers", "apns-priority"}, "10");
    if (auto expiration = from_.number("expiration")) {
      if (*expiration < 0) return from_.fail("expiration", "This is a time in seconds since 1970, or 0.");
      apns_.set({"headers", "apns-expiration"}, std::to_string(*expiration));
      into_.ttl_seconds = gorush_ttl(*expiration - now_ / 1000);
    }
  }

  bool shows_something() const {
    const auto& content = into_.content;
    return content.title || content.body || content.sound || content.badge ||
           apns_.has({"payload", "aps", "alert"}) || apns_.has({"payload", "aps", "sound"});
  }

  void merge_override(const rapidjson::Value& whole) {
    for (const char* part : {"headers", "payload"}) {
      auto found = whole.FindMember(part);
      if (found == whole.MemberEnd() || found->value.IsNull()) continue;
      if (!found->value.IsObject()) return from_.fail("apns", "headers and payload are JSON objects.");
      apns_.merge({part}, found->value);
    }
    limit_volume();
  }

  loose_reader& from_;
  const utc_ms now_;
  notification_draft& into_;
  json_tree apns_;
};

}  // namespace

void read_for_ios(loose_reader& from, utc_ms now, notification_draft& into) {
  ios_reader(from, now, into).read();
}

}  // namespace pusher::http
