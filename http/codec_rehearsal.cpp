#include "http/codec_rehearsal.hpp"

#include "http/field_reader.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/locale.hpp"

namespace pusher::http {

namespace {

void write_share(json_text& out, const rehearsal::gateway_share& from) {
  out.open();
  out.field("gateway", from.gateway);
  out.field("count", from.count);
  out.field("skipped", from.skipped);
  out.close();
}

void field_or_null(json_text& out, const char* name, const std::string& text) {
  if (text.empty())
    out.null(name);
  else
    out.field(name, text);
}

void write_share(json_text& out, const rehearsal::locale_share& from) {
  out.open();
  field_or_null(out, "locale", from.locale);
  field_or_null(out, "localization", from.localization);
  out.field("count", from.count);
  out.close();
}

void write_payload(json_text& out, const rehearsed_payload& from) {
  out.open();
  out.field("gateway", from.gateway);
  field_or_null(out, "locale", from.locale);
  field_or_null(out, "localization", from.localization);
  out.field("fits", from.fault.empty());
  if (from.fault.empty()) {
    out.field("bytes", from.bytes);
    out.field("limit", from.limit);
    out.field("shortened", from.shortened);
  } else {
    out.field("fault", from.fault);
  }
  out.raw("payload", from.payload);
  out.close();
}

template <class Items, class Write>
void write_list(json_text& out, const char* name, const Items& items, Write write) {
  out.key(name);
  out.open_list();
  for (const auto& each : items)
    write(out, each);
  out.close_list();
}

void write_audience_of(json_text& out, const rehearsal& from) {
  uint64_t skipped = 0;
  for (const auto& each : from.skipped)
    skipped += each.count;
  out.open();
  out.field("count", from.count);
  out.field("to_send", from.count - skipped);
  write_list(out, "by_gateway", from.by_gateway,
             [](json_text& to, const auto& each) { write_share(to, each); });
  write_list(out, "by_locale", from.by_locale,
             [](json_text& to, const auto& each) { write_share(to, each); });
  if (from.other_locales > 0) out.field("other_locales", from.other_locales);
  write_list(out, "skipped", from.skipped, [](json_text& to, const rehearsal::skip& each) {
    to.open();
    to.field("code", each.code);
    to.field("count", each.count);
    to.close();
  });
  out.time("as_of", from.as_of);
  out.close();
}

void write_duration(json_text& out, const rehearsal& from) {
  auto number = [&](const char* name, const std::optional<double>& value) {
    if (value)
      out.field(name, *value);
    else
      out.null(name);
  };
  out.open();
  number("seconds", from.seconds);
  number("per_second", from.per_second);
  field_or_null(out, "limited_by", std::string(from.limited_by));
  out.close();
}

}  // namespace

result<rehearsal_wish> take_rehearsal_wish(rapidjson::Value& body) {
  rapidjson::Document own(rapidjson::kObjectType);
  if (!body.IsObject()) return error{errc::invalid_field, "This is to be a JSON object.", "", 0};
  for (const char* name : {"locales", "device_id"}) {
    auto at = body.FindMember(name);
    if (at == body.MemberEnd()) continue;
    own.AddMember(rapidjson::StringRef(name), rapidjson::Value(at->value, own.GetAllocator()),
                  own.GetAllocator());
    body.RemoveMember(at);
  }
  field_reader from(own, "");
  rehearsal_wish wish;
  auto locales = from.texts("locales", limits::localizations, {limits::locale_bytes, 1});
  wish.device_id = from.text("device_id", {limits::device_id_bytes, 1});
  if (auto good = from.finish(); !good) return good.failure();
  if (locales && wish.device_id)
    return error{errc::invalid_field, "A device has its own locale: give locales or a device_id.", "/locales",
                 0};
  for (size_t i = 0; locales && i < locales->size(); ++i) {
    auto locale = canonical_locale((*locales)[i]);
    if (!locale)
      return error{errc::invalid_field,
                   "This is not a language tag of BCP 47, such as ko, ko-KR or zh-Hant-TW.",
                   json::pointer("/locales", i), 0};
    wish.locales.push_back(std::move(*locale));
  }
  return wish;
}

void write_rehearsal(json_text& out, const rehearsal& from) {
  out.open();
  out.key("audience");
  write_audience_of(out, from);
  if (from.device_in_audience) out.field("device_in_audience", *from.device_in_audience);
  write_list(out, "payloads", from.payloads, write_payload);
  out.key("duration");
  write_duration(out, from);
  out.close();
}

}  // namespace pusher::http
