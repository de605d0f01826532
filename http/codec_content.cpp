#include "http/codec_content.hpp"

#include <algorithm>
#include <set>

#include "http/field_reader.hpp"
#include "model/condition.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/locale.hpp"
#include "model/properties.hpp"
#include "model/segment.hpp"

namespace pusher::http {

namespace {

constexpr size_t text_bytes = 4096;  // no gateway takes more than this together
constexpr size_t url_bytes = 2048;

error wrong(std::string detail, std::string pointer) {
  return {errc::invalid_field, std::move(detail), std::move(pointer), 0};
}

/// A variable may bring the URL: whether it is one shows at each device.
bool may_address_image(const std::string& url) {
  return url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0 || url.rfind("{{", 0) == 0;
}

result<content> parse_content(field_reader& from) {
  content made;
  made.title = from.text("title", {text_bytes, 0, true});
  made.body = from.text("body", {text_bytes, 0, true});
  made.image_url = from.text("image_url", {url_bytes, 1});
  made.icon_url = from.text("icon_url", {url_bytes, 1});
  made.deep_link = from.text("deep_link", {url_bytes, 1});
  made.sound = from.text("sound", {128, 1});
  if (auto badge = from.number("badge", 0, 1'000'000)) made.badge = static_cast<int>(*badge);
  if (auto data = from.text_map("data")) made.data = std::move(*data);
  if (auto done = from.finish(); !done) return done.failure();
  for (const auto* url : {&made.image_url, &made.icon_url})
    if (*url && !may_address_image(**url))
      return wrong("Images and icons are addressed by http:// or https://.",
                   from.pointer_of(url == &made.image_url ? "image_url" : "icon_url"));
  for (const auto& [name, text] : made.data)
    if (may_have_variables(name))
      return wrong("Names of data take no variables, only its values do.",
                   json::pointer(from.pointer_of("data"), name));
  return made;
}

result<std::vector<localization>> parse_localizations(const rapidjson::Value& object,
                                                      const std::string& pointer) {
  if (object.MemberCount() > limits::localizations)
    return wrong("A notification has at most " + std::to_string(limits::localizations) + " localizations.",
                 pointer);
  std::vector<localization> made;
  for (const auto& member : object.GetObject()) {
    auto at = json::pointer(pointer, json::view(member.name));
    auto locale = canonical_locale(json::view(member.name));
    if (!locale)
      return wrong("This is not a language tag of BCP 47, such as ko, ko-KR or zh-Hant-TW.", std::move(at));
    if (std::any_of(made.begin(), made.end(), [&](const auto& each) { return each.locale == *locale; }))
      return wrong("The locale " + *locale + " is there already; case and _ or - make no difference.",
                   std::move(at));
    field_reader from(member.value, at);
    auto said = parse_content(from);
    if (!said) return said.failure();
    made.push_back({std::move(*locale), std::move(*said)});
  }
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.locale < b.locale; });
  return made;
}

void write_fields(json_text& out, const content& from) {
  out.field("title", from.title);
  out.field("body", from.body);
  out.field("image_url", from.image_url);
  out.field("icon_url", from.icon_url);
  out.field("deep_link", from.deep_link);
  out.field("sound", from.sound);
  if (from.badge) out.field("badge", *from.badge);
  if (from.data.empty()) return;
  out.key("data");
  out.open();
  for (const auto& [name, text] : from.data)
    out.field(name, text);
  out.close();
}

// -- audiences --

/// A target's variables as compact JSON.
result<std::string> checked_variables(const rapidjson::Value& object, const std::string& pointer) {
  if (object.MemberCount() > limits::variables)
    return wrong("A target has at most " + std::to_string(limits::variables) + " variables.", pointer);
  for (const auto& member : object.GetObject()) {
    auto at = json::pointer(pointer, json::view(member.name));
    if (auto good = check_property_name(json::view(member.name)); !good)
      return wrong("A variable is named like a property. " + good.failure().detail, std::move(at));
    const auto& value = member.value;
    if (!value.IsString() && !value.IsBool() && !value.IsNumber())
      return wrong("A variable is a string, a number, true or false.", std::move(at));
    if (value.IsString() && value.GetStringLength() > limits::variable_bytes)
      return wrong("A variable has at most " + std::to_string(limits::variable_bytes) + " bytes.",
                   std::move(at));
  }
  return json::to_text(object);
}

result<audience_targets> parse_targets(const rapidjson::Value& list, const std::string& pointer) {
  if (!list.IsArray() || list.Empty() || list.Size() > limits::audience_ids)
    return wrong("This is a list of 1 to " + std::to_string(limits::audience_ids) +
                     " objects {\"device_id\": ..., \"variables\": {...}}.",
                 pointer);
  audience_targets made;
  made.targets.reserve(list.Size());
  std::set<std::string> seen;
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    auto at = json::pointer(pointer, size_t{i});
    field_reader from(list[i], at);
    from.require("device_id");
    auto id = from.text("device_id", {limits::device_id_bytes, 1});
    const auto* variables = from.object("variables");
    if (auto done = from.finish(); !done) return done.failure();
    auto text = variables ? checked_variables(*variables, from.pointer_of("variables")) : std::string("{}");
    if (!text) return text.failure();
    if (!seen.insert(*id).second)
      return wrong("This device_id is in the list already; a device gets a notification once.",
                   from.pointer_of("device_id"));
    made.targets.push_back({std::move(*id), std::move(*text)});
  }
  return made;
}

void write_ids(json_text& out, const char* name, const std::vector<std::string>& ids) {
  out.key(name);
  out.open_list();
  for (const auto& id : ids)
    out.value(id);
  out.close_list();
}

void write_targets(json_text& out, const audience_targets& from) {
  out.key("targets");
  out.open_list();
  for (const auto& each : from.targets) {
    out.open();
    out.field("device_id", each.device_id);
    out.raw("variables", each.variables);
    out.close();
  }
  out.close_list();
}

}  // namespace

result<void> read_content(const rapidjson::Value& object, const std::string& pointer,
                          notification_draft& into) {
  field_reader from(object, pointer);
  if (const auto* all = from.object("localizations")) {
    auto parsed = parse_localizations(*all, from.pointer_of("localizations"));
    if (!parsed) return parsed.failure();
    into.localizations = std::move(*parsed);
  }
  auto parsed = parse_content(from);
  if (!parsed) return parsed.failure();
  into.content = std::move(*parsed);
  return {};
}

void write_content(json_text& out, const notification_draft& from) {
  out.open();
  write_fields(out, from.content);
  if (!from.localizations.empty()) {
    out.key("localizations");
    out.open();
    for (const auto& each : from.localizations) {
      out.key(each.locale);
      out.open();
      write_fields(out, each.content);
      out.close();
    }
    out.close();
  }
  out.close();
}

result<audience> parse_audience(const rapidjson::Value& object, const std::string& pointer) {
  field_reader from(object, pointer);
  std::vector<audience> found;
  if (const auto* json = from.any("condition")) {
    auto parsed = condition::parse(*json, pointer + "/condition");
    if (!parsed) return parsed.failure();
    found.emplace_back(audience_condition{parsed->to_json()});
  }
  if (auto ids = from.texts("device_ids", limits::audience_ids, {limits::device_id_bytes, 1}))
    found.emplace_back(audience_device_ids{std::move(*ids)});
  if (auto ids = from.texts("user_ids", limits::audience_ids, {limits::user_id_bytes, 1}))
    found.emplace_back(audience_user_ids{std::move(*ids)});
  if (const auto* list = from.any("targets")) {
    auto parsed = parse_targets(*list, from.pointer_of("targets"));
    if (!parsed) return parsed.failure();
    found.emplace_back(std::move(*parsed));
  }
  if (auto all = from.flag("all")) {
    if (!*all) from.fail(errc::invalid_field, "all", "\"all\" is true or absent.");
    found.emplace_back(audience_all{});
  }
  if (auto name = from.text("segment", {64, 1})) {
    if (auto good = check_segment_name(*name); !good)
      from.fail(errc::invalid_field, "segment", good.failure().detail);
    found.emplace_back(audience_segment{std::move(*name)});
  }
  if (auto done = from.finish(); !done) return done.failure();
  if (found.size() != 1)
    return wrong("An audience is exactly one of condition, segment, device_ids, user_ids, targets, all.",
                 pointer);
  return std::move(found.front());
}

void write_audience(json_text& out, const audience& from) {
  out.open();
  if (const auto* one = std::get_if<audience_condition>(&from)) out.raw("condition", one->json);
  if (const auto* one = std::get_if<audience_segment>(&from)) out.field("segment", one->name);
  if (const auto* one = std::get_if<audience_device_ids>(&from)) write_ids(out, "device_ids", one->ids);
  if (const auto* one = std::get_if<audience_user_ids>(&from)) write_ids(out, "user_ids", one->ids);
  if (const auto* one = std::get_if<audience_targets>(&from)) write_targets(out, *one);
  if (std::holds_alternative<audience_all>(from)) out.field("all", true);
  out.close();
}

size_t ids_in(const audience& of) {
  if (const auto* devices = std::get_if<audience_device_ids>(&of)) return devices->ids.size();
  if (const auto* users = std::get_if<audience_user_ids>(&of)) return users->ids.size();
  if (const auto* brought = std::get_if<audience_targets>(&of)) return brought->targets.size();
  return 0;
}

}  // namespace pusher::http
