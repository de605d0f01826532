#include "http/codec_results.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

/// One type or several, separated by commas; without any, all.
result<event_types> read_types(const std::map<std::string, std::string>& query) {
  auto named = query.find("type");
  if (named == query.end()) return event_types::all();
  event_types wanted;
  std::string_view rest = named->second;
  while (true) {
    auto comma = rest.find(',');
    auto type = parse_event_type(rest.substr(0, comma));
    if (!type) {
      std::string names;
      for (auto each : all_event_types)
        names += (names.empty() ? "" : ", ") + std::string(to_string(each));
      return fault(errc::invalid_field, "type is one or several of " + names + ", separated by commas.");
    }
    wanted.add(*type);
    if (comma == std::string_view::npos) return wanted;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

/// Unlike lists, the feed has a cursor at its end too.
answer read_feed(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto wanted = read_types(of.asked.query);
  if (!wanted) return wanted.failure();
  auto found = of.engine.read_feed(of.who.application, *wanted, *paging);
  if (!found) return found.failure();
  json_text out;
  out.open();
  out.key("items");
  out.open_list();
  for (const auto& each : found->items)
    write_feed_event(out, each);
  out.close_list();
  out.field("has_more", !found->at_end);
  out.field("next_cursor", found->next);
  out.close();
  return json_response(200, out);
}

}  // namespace pusher::http
