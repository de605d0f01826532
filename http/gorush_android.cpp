#include "http/codec_gorush.hpp"
#include "model/json.hpp"

namespace pusher::http {

namespace {

constexpr const char* shown_texts[] = {"icon",         "tag",           "color", "click_action",
                                       "body_loc_key", "title_loc_key", "sound", "channel_id"};
constexpr const char* shown_lists[] = {"body_loc_args", "title_loc_args"};

class android_reader {
 public:
  android_reader(loose_reader& from, notification_draft& into) : from_(from), into_(into) {}

  void read() {
    read_content();
    read_delivery();
    read_data();
    read_for_apple();
    read_options();
    merge("android", android_);
    merge("apns", apns_);
    merge("webpush", webpush_);
    into_.android = android_.text();
    into_.apns = apns_.text();
    into_.webpush = webpush_.text();
  }

 private:
  void read_content() {
    auto title = from_.text("title"), body = from_.text("message"), image = from_.text("image");
    if (const auto* shown = from_.object("notification")) {
      loose_reader inner(*shown, "notification");
      if (title.empty()) title = inner.text("title");
      if (body.empty()) body = inner.text("body");
      if (image.empty()) image = inner.text("image");
      for (const char* name : shown_texts)
        android_.set_text({"notification", name}, inner.text(name));
      for (const char* name : shown_lists)
        read_arguments(inner, name);
      if (inner.fault()) from_.fail("notification", inner.fault()->pointer + ": " + inner.fault()->detail);
    }
    into_.content.title = given(std::move(title));
    into_.content.body = given(std::move(body));
    into_.content.image_url = given(std::move(image));
    // An object is a sound of iOS.
    if (const auto* sound = from_.any("sound"); sound && sound->IsString())
      into_.content.sound = given(std::string(json::view(*sound)));
  }

  /// A list of texts, or, as gorush's documentation has it, one text: a list in JSON, or the only argument.
  void read_arguments(loose_reader& inner, const char* name) {
    const auto* value = inner.any(name);
    if (!value || !value->IsString()) {
      if (!inner.texts(name).empty()) android_.set({"notification", name}, *value);
      return;
    }
    if (value->GetStringLength() == 0) return;
    auto list = json::parse(json::view(*value));
    if (list && list->IsArray()) return android_.set({"notification", name}, *list);
    rapidjson::Document only;
    only.SetArray().PushBack(rapidjson::Value(*value, only.GetAllocator()), only.GetAllocator());
    android_.set({"notification", name}, only);
  }

  void read_delivery() {
    auto priority = from_.text("priority");
    if (priority == "high" || priority == "normal") android_.set({"priority"}, priority);
    android_.set_text({"collapse_key"}, from_.text("collapse_key"));
    android_.set_text({"restricted_package_name"}, from_.text("restricted_package_name"));
    auto ttl = from_.number("time_to_live");
    if (!ttl) return;
    if (*ttl < 0) return from_.fail("time_to_live", "This is a number of seconds from 0 on.");
    into_.ttl_seconds = gorush_ttl(*ttl);
    if (*ttl == 0) android_.set({"ttl"}, "0s");
  }

  /// FCM takes texts only: everything else travels as its JSON.
  void read_data() {
    const auto* data = from_.object("data");
    if (!data) return;
    for (const auto& member : data->GetObject())
      into_.content.data[std::string(json::view(member.name))] =
          member.value.IsString() ? std::string(json::view(member.value)) : json::to_text(member.value);
  }

  /// For tokens of iOS apps that FCM serves.
  void read_for_apple() {
    if (from_.flag("mutable_content")) apns_.set({"payload", "aps", "mutable-content"}, int64_t{1});
    if (!from_.flag("content_available")) return;
    apns_.set({"payload", "aps", "content-available"}, int64_t{1});
    apns_.set({"headers", "apns-priority"}, "5");
  }

  void read_options() {
    const auto* options = from_.object("fcm_options");
    if (!options) return;
    loose_reader inner(*options, "fcm_options");
    auto label = inner.text("analytics_label");
    if (inner.fault()) from_.fail("fcm_options", inner.fault()->pointer + ": " + inner.fault()->detail);
    android_.set_text({"fcm_options", "analytics_label"}, label);
    apns_.set_text({"fcm_options", "analytics_label"}, label);
  }

  void merge(const char* name, json_tree& into) {
    if (const auto* object = from_.object(name)) into.merge({}, *object);
  }

  loose_reader& from_;
  notification_draft& into_;
  json_tree android_, apns_, webpush_;
};

}  // namespace

void read_for_android(loose_reader& from, notification_draft& into) {
  android_reader(from, into).read();
}

}  // namespace pusher::http
