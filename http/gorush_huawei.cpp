#include <charconv>

#include "http/codec_gorush.hpp"
#include "model/json.hpp"

namespace pusher::http {

namespace {

constexpr int64_t opens_the_app = 3;  // a click_action's type

/// `86400s`, the form of Huawei's lifetimes.
std::optional<int64_t> seconds_of(std::string_view text) {
  int64_t seconds = 0;
  if (text.empty() || text.back() != 's') return std::nullopt;
  text.remove_suffix(1);
  auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool good = !text.empty() && wrong == std::errc() && stop == text.data() + text.size() && seconds >= 0;
  return good ? std::optional(seconds) : std::nullopt;
}

class huawei_reader {
 public:
  huawei_reader(loose_reader& from, notification_draft& into) : from_(from), into_(into) {}

  void read() {
    read_content();
    read_delivery();
    hms_.set_text({"data"}, from_.text("huawei_data"));
    into_.hms = hms_.text();
  }

 private:
  void read_content() {
    auto& content = into_.content;
    content.title = given(from_.text("title"));
    content.body = given(from_.text("message"));
    content.image_url = given(from_.text("image"));
    if (const auto* sound = from_.any("sound"); sound && sound->IsString())
      content.sound = given(std::string(json::view(*sound)));
    const auto* shown = from_.object("huawei_notification");
    if (shown) hms_.merge({"android", "notification"}, *shown);
    if (shown && !hms_.has({"android", "notification", "click_action"}))
      hms_.set({"android", "notification", "click_action", "type"}, opens_the_app);
    bool shows = shown || content.title || content.body || content.image_url;
    if (shows && !content.sound && !hms_.has({"android", "notification", "sound"}))
      hms_.set({"android", "notification", "default_sound"}, true);
  }

  void read_delivery() {
    if (from_.text("priority") == "high") hms_.set({"android", "urgency"}, "HIGH");
    hms_.set_text({"android", "category"}, from_.text("category"));
    hms_.set_text({"android", "bi_tag"}, from_.text("bi_tag"));
    if (auto state = from_.number("fast_app_target").value_or(0); state != 0)
      hms_.set({"android", "fast_app_target"}, state);
    if (auto key = from_.number("huawei_collapse_key")) {
      if (*key < -1 || *key > 100) return from_.fail("huawei_collapse_key", "Huawei takes -1 to 100.");
      hms_.set({"android", "collapse_key"}, *key);
    }
    auto ttl = from_.text("huawei_ttl");
    if (ttl.empty()) return;
    auto seconds = seconds_of(ttl);
    if (!seconds) return from_.fail("huawei_ttl", "This is a number of seconds such as \"86400s\".");
    into_.ttl_seconds = gorush_ttl(*seconds);
    hms_.set_text({"android", "ttl"}, ttl);
  }

  loose_reader& from_;
  notification_draft& into_;
  json_tree hms_;
};

}  // namespace

void read_for_huawei(loose_reader& from, notification_draft& into) {
  huawei_reader(from, into).read();
}

}  // namespace pusher::http
