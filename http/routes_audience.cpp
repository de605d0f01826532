#include <algorithm>

#include "http/codec_device.hpp"
#include "http/etag.hpp"
#include "http/export_page.hpp"
#include "http/field_reader.hpp"
#include "http/route_handlers.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/properties.hpp"
#include "model/property_index.hpp"

namespace pusher::http {

namespace {

/// The devices that a body means by `condition` or `segment`; without either, every device.
result<device_filter> read_filter(field_reader& from, const rapidjson::Value& body) {
  (void)from.any("condition");
  auto named = from.text("segment", {64, 1});
  if (auto good = from.finish(); !good) return good.failure();
  auto given = body.FindMember("condition");
  bool has_condition = given != body.MemberEnd() && !given->value.IsNull();
  if (named && has_condition)
    return fault(errc::invalid_field, "Give a condition or a segment; a condition may use segments.",
                 "/segment");
  device_filter made;
  if (!named && !has_condition) return made;
  rapidjson::Document by_name(rapidjson::kObjectType);
  if (named) {
    auto& memory = by_name.GetAllocator();
    by_name.AddMember("segment", rapidjson::Value(named->c_str(), memory), memory);
  }
  made.pointer = named ? "" : "/condition";
  auto parsed = condition::parse(named ? by_name : given->value, made.pointer);
  if (!parsed) return parsed.failure();
  made.where = std::move(*parsed);
  return made;
}

/// What a GET says in its query and a POST in its body. The audience of the body is read in this one place.
result<export_wish> read_export_wish(const call& of) {
  export_wish wish;
  if (of.asked.method != "POST") {
    if (auto named = of.asked.query.find("after"); named != of.asked.query.end()) wish.after = named->second;
    return wish;
  }
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  wish.after = from.text("after", {limits::device_id_bytes, 1});
  auto which = read_filter(from, *body);
  if (!which) return which.failure();
  wish.which = std::move(*which);
  return wish;
}

void write_explanation(json_text& out, const device_count& of) {
  out.key("explain");
  out.open();
  out.field("access", of.access);
  if (of.access != "scan") {
    if (!of.property.empty()) out.field(of.property == "user_id" ? "attribute" : "property", of.property);
    out.field("candidates", of.candidates);
  }
  out.field("devices_looked_at", of.looked_at);
  out.field("devices_matched", of.count);
  out.close();
}

void write_segment(json_text& out, const segment& from, std::optional<uint64_t> count) {
  out.open();
  out.field("name", from.name);
  out.raw("condition", from.condition);
  if (count) out.field("count", *count);
  out.time("created_at", from.created_at);
  out.time("updated_at", from.updated_at);
  out.close();
}

response segment_response(int status, const call& of, const segment& from,
                          std::optional<uint64_t> count = std::nullopt) {
  json_text out;
  write_segment(out, from, count);
  return tagged(json_response(status, out), of.asked, version_of(from.condition));
}

/// What If-Match and If-None-Match of the request say about what is there.
operations::segment_check condition_of(const call& of) {
  return [&of](const segment* now) {
    return now ? may_change(of.asked, version_of(now->condition)) : may_create(of.asked);
  };
}

response names_response(const std::vector<indexed_name>& names) {
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : names) {
    out.open();
    out.field("name", each.name);
    out.field("state", each.ready ? "ready" : "building");
    out.close();
  }
  out.close_list();
  out.close();
  return json_response(200, out);
}

}  // namespace

answer search_devices(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  page_request paging;
  if (auto limit = from.number("limit", 1, 1000)) paging.limit = static_cast<size_t>(*limit);
  auto cursor = from.text("cursor", {200, 1});
  auto which = read_filter(from, *body);
  if (!which) return which.failure();
  if (cursor) {
    auto opened = of.engine.open_cursor(of.who.application, *cursor);
    if (!opened) return opened.failure();
    paging.cursor = std::move(*opened);
  }
  auto found = of.engine.search_devices(of.who.application, *which, paging);
  if (!found) return found.failure();
  return list_response(*found, write_device);
}

answer count_devices(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  auto explained = from.flag("explain").value_or(true);
  auto which = read_filter(from, *body);
  if (!which) return which.failure();
  auto counted = of.engine.count_devices(of.who.application, *which);
  if (!counted) return counted.failure();
  json_text out;
  out.open();
  out.field("count", counted->count);
  if (explained) write_explanation(out, *counted);
  out.close();
  return json_response(200, out);
}

/// One page of an export; http/export_stream.hpp asks for page after page.
answer export_devices(const call& of) {
  auto wish = read_export_wish(of);
  if (!wish) return wish.failure();
  return export_page(of.asked, *wish, of.who.application, of.engine);
}

// -- segments --

answer put_segment(const call& of) {
  if (auto good = check_segment_name(of.name()); !good)
    return fault(errc::invalid_field, good.failure().detail);
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  from.require("condition");
  (void)from.any("condition");
  if (auto good = from.finish(); !good) return good.failure();
  auto where = condition::parse((*body)["condition"], "/condition");
  if (!where) return where.failure();
  auto saved = of.engine.put_segment(of.who.application, of.name(), *where, condition_of(of));
  if (!saved) return saved.failure();
  auto made = segment_response(saved->created ? 201 : 200, of, saved->value);
  if (saved->created) made.headers.emplace_back("Location", of.asked.path);
  return made;
}

answer get_segment(const call& of) {
  bool counts = false;
  if (auto asked = of.asked.query.find("count"); asked != of.asked.query.end()) {
    if (asked->second != "true" && asked->second != "false")
      return fault(errc::invalid_field, "count is true or false.");
    counts = asked->second == "true";
  }
  auto found = of.engine.get_segment(of.who.application, of.name());
  if (!found) return found.failure();
  if (!counts) return segment_response(200, of, *found);
  auto where = condition::parse(found->condition);
  if (!where) return where.failure();
  auto counted = of.engine.count_devices(of.who.application, {std::move(*where), "/condition"});
  if (!counted) return counted.failure();
  return segment_response(200, of, *found, counted->count);
}

answer delete_segment(const call& of) {
  auto gone = of.engine.delete_segment(of.who.application, of.name(), condition_of(of));
  if (!gone) return gone.failure();
  return empty_response();
}

answer list_segments(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_segments(of.who.application, *paging);
  if (!found) return found.failure();
  return list_response(*found,
                       [](json_text& out, const segment& each) { write_segment(out, each, std::nullopt); });
}

// -- indexed properties --

answer get_indexed_properties(const call& of) {
  auto names = of.engine.indexed_properties(of.who.application);
  if (!names) return names.failure();
  return names_response(*names);
}

answer put_indexed_properties(const call& of) {
  auto body = read_body(of);
  if (!body) return body.failure();
  field_reader from(*body, "");
  from.require("names");
  const auto* given = from.any("names");
  if (auto good = from.finish(); !good) return good.failure();
  if (!given->IsArray() || given->Size() > most_indexed_names)
    return fault(errc::invalid_field,
                 "This is a list of at most " + std::to_string(most_indexed_names) + " property names.",
                 "/names");
  std::vector<std::string> names;
  for (rapidjson::SizeType i = 0; i < given->Size(); ++i) {
    const auto& each = (*given)[i];
    auto at = json::pointer("/names", size_t{i});
    if (!each.IsString()) return fault(errc::invalid_field, "A property's name is a string.", at);
    if (auto good = check_property_name(json::view(each)); !good)
      return fault(errc::invalid_field, good.failure().detail, at);
    names.emplace_back(json::view(each));
    if (std::count(names.begin(), names.end(), names.back()) > 1)
      return fault(errc::invalid_field, "This name stands in the list already.", at);
  }
  auto made = of.engine.index_properties(of.who.application, names);
  if (!made) return made.failure();
  return names_response(*made);
}

}  // namespace pusher::http
