// The part of api_operations that finds devices: searches, counts, exports, segments, indexes, people.
#include <algorithm>

#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"

namespace pusher {

namespace {

// Their lines are about 1 MiB: JSON's names add up to 200 bytes to a row.
constexpr page_bounds export_bounds{2000, 768 * 1024};
constexpr size_t first_search_rows = 250;  // read for a page of a search before it is known how many match

}  // namespace

result<api_operations::search> api_operations::begin_search(application_id app,
                                                            const http::device_filter& which) {
  auto where = segments_.write_out(app, which.where, which.pointer);
  if (!where) return where.failure();
  auto bounds = devices_.range(app);
  if (!bounds) return bounds.failure();
  return search{std::move(*where), *bounds};
}

/// Gives the keys behind `after` of devices that meet the condition, until `visit` returns false.
template <class Visit>
result<uint64_t> api_operations::find_devices(application_id app, const search& what, device_plan& plan,
                                              device_key after, page_bounds bounds, const Visit& visit) {
  device_reader reader;
  uint64_t looked_at = 0;
  bool wanted = true;
  while (wanted && after < what.range.last) {
    auto end = devices_.read(app, plan, after, what.range.last, bounds, [&](const device_row& row) {
      reader.load(row);
      if (wanted && what.where.matches(reader, what.range.as_of)) wanted = visit(row.key);
    });
    if (!end) return end.failure();
    looked_at += end->rows;
    after = end->last;
    if (end->at_end) break;
    bounds.rows = std::min(bounds.rows * 2, page_bounds().rows);
  }
  return looked_at;
}

result<http::page<stored_device>> api_operations::search_devices(application_id app,
                                                                 const http::device_filter& which,
                                                                 const http::page_request& request) {
  auto place = from_cursor<3>(request.cursor);
  if (!place) return place.failure();
  auto begun = begin_search(app, which);
  if (!begun) return begun.failure();
  // All pages see the range and the moment of the first one.
  if (!request.cursor.empty()) begun->range = {{(*place)[1]}, static_cast<utc_ms>((*place)[2])};
  auto plan = devices_.plan(app, begun->where);
  if (!plan) return plan.failure();
  std::vector<device_key> keys;
  bool more = false;
  page_bounds bounds;
  bounds.rows = std::clamp(request.limit + 1, first_search_rows, bounds.rows);
  auto found = find_devices(app, *begun, *plan, {(*place)[0]}, bounds, [&](device_key key) {
    more = keys.size() == request.limit;
    if (!more) keys.push_back(key);
    return !more;
  });
  if (!found) return found.failure();
  http::page<stored_device> page;
  if (more)
    page.next =
        to_cursor(keys.back().value, begun->range.last.value, static_cast<uint64_t>(begun->range.as_of));
  if (keys.empty()) return page;
  auto loaded = devices_.load(app, keys);
  if (!loaded) return loaded.failure();
  page.items = std::move(*loaded);
  return page;
}

result<http::device_count> api_operations::count_devices(application_id app,
                                                         const http::device_filter& which) {
  auto begun = begin_search(app, which);
  if (!begun) return begun.failure();
  auto plan = devices_.plan(app, begun->where);
  if (!plan) return plan.failure();
  http::device_count counted;
  auto looked_at = find_devices(app, *begun, *plan, {}, {}, [&](device_key) {
    ++counted.count;
    return true;
  });
  if (!looked_at) return looked_at.failure();
  counted.looked_at = *looked_at;
  counted.access = plan->by == device_plan::access::scan ? "scan" : "index";
  counted.property = plan->by == device_plan::access::users ? "user_id" : plan->property;
  counted.candidates = plan->candidates;
  return counted;
}

result<http::export_range> api_operations::begin_export(application_id app, const http::device_filter& which,
                                                        const std::optional<std::string>& after) {
  http::export_range range;
  if (after) {
    auto found = devices_.get(app, *after);
    if (!found && found.failure().code == errc::not_found)
      return error{errc::not_found,
                   "There is no device with the id given as \"after\" any more. Take the device_id of an "
                   "earlier line, or export from the start.",
                   "", 0};
    if (!found) return found.failure();
    range.after = found->key;
  }
  auto begun = begin_search(app, which);
  if (!begun) return begun.failure();
  range.last = begun->range.last;
  range.as_of = begun->range.as_of;
  range.where = std::move(begun->where);
  return range;
}

result<http::exported_devices> api_operations::export_devices(application_id app,
                                                              const http::export_range& range) {
  http::exported_devices page;
  device_reader reader;
  auto wanted = [&](const device_row& row) {
    reader.load(row);
    return range.where.matches(reader, range.as_of);
  };
  auto end =
      devices_.scan_whole(app, range.after, range.last, export_bounds, wanted,
                          [&](stored_device&& each) { page.devices.push_back(std::move(each.value)); });
  if (!end) return end.failure();
  page.reached = end->last;
  page.at_end = end->at_end || !(end->last < range.last);
  return page;
}

// -- segments --

result<http::saved_segment> api_operations::put_segment(application_id app, const std::string& name,
                                                        const condition& where,
                                                        const segment_check& allowed) {
  auto saved = segments_.put(app, name, where, allowed);
  if (!saved) return saved.failure();
  return http::saved_segment{saved->created, std::move(saved->value)};
}

result<segment> api_operations::get_segment(application_id app, const std::string& name) {
  return segments_.get(app, name);
}

result<void> api_operations::delete_segment(application_id app, const std::string& name,
                                            const segment_check& allowed) {
  return segments_.erase(app, name, allowed);
}

result<http::page<segment>> api_operations::list_segments(application_id app,
                                                          const http::page_request& request) {
  // Names are plain and shown anyway: the last one is the cursor.
  if (!request.cursor.empty() && !check_segment_name(request.cursor)) return foreign_cursor();
  auto found = segments_.list(app, request.cursor, request.limit + 1);
  if (!found) return found.failure();
  http::page<segment> page{std::move(*found), ""};
  if (page.items.size() > request.limit) {
    page.items.resize(request.limit);
    page.next = page.items.back().name;
  }
  return page;
}

// -- indexed properties --

namespace {

result<std::vector<http::indexed_name>> as_names(result<std::vector<indexed_property>>&& from) {
  if (!from) return from.failure();
  std::vector<http::indexed_name> names;
  for (auto& each : *from)
    names.push_back({std::move(each.name), each.state == index_state::ready});
  return names;
}

}  // namespace

result<std::vector<http::indexed_name>> api_operations::indexed_properties(application_id app) {
  return as_names(indexes_.list(app));
}

result<std::vector<http::indexed_name>> api_operations::index_properties(
    application_id app, const std::vector<std::string>& names) {
  auto made = as_names(indexes_.declare(app, names));
  if (made) launched_();  // fan-out builds what is declared
  return made;
}

// -- people --

result<http::page<stored_device>> api_operations::list_user_devices(application_id app,
                                                                    const std::string& user_id,
                                                                    const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = devices_.of_user(app, user_id, {*after}, request.limit + 1);
  if (!found) return found.failure();
  http::page<stored_device> page{std::move(*found), ""};
  if (page.items.size() > request.limit) {
    page.items.resize(request.limit);
    page.next = to_cursor(page.items.back().key.value);
  }
  return page;
}

result<http::erased_user> api_operations::erase_user(application_id app, const std::string& user_id) {
  auto erased = devices_.erase_user(app, user_id);
  if (!erased) return erased.failure();
  return http::erased_user{erased->devices, erased->events};
}

}  // namespace pusher
