#include <string_view>

#include "http/codec_device.hpp"
#include "http/codec_results.hpp"
#include "http/list_export.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

/// Where an export of a person stands: behind which devices, and how far in the history of the one that came
/// last.
struct person_position {
  std::string devices;    ///< a cursor; empty = from the first
  std::string device_id;  ///< whose history is next; empty = the next device is
  std::string history;    ///< a cursor within it
  bool last = false;      ///< no device follows

  /// No cursor has a line break; a device_id comes last, as it may have any character.
  std::string to_cursor() const { return devices + "\n" + history + "\n" + (last ? "1" : "0") + device_id; }
  static std::optional<person_position> parse(std::string_view cursor) {
    person_position made;
    if (cursor.empty()) return made;
    auto first = cursor.find('\n'), second = cursor.find('\n', first + 1);
    if (first == cursor.npos || second == cursor.npos || second + 1 == cursor.size()) return std::nullopt;
    made.devices = cursor.substr(0, first);
    made.history = cursor.substr(first + 1, second - first - 1);
    made.last = cursor[second + 1] == '1';
    made.device_id = cursor.substr(second + 2);
    return made;
  }
};

/// One device of the person, with all that is stored of it.
answer person_device(const call& of, person_position at) {
  auto found = of.engine.list_user_devices(of.who.application, of.name(), {1, at.devices});
  if (!found) return found.failure();
  response made;
  made.content_type = "application/x-ndjson";
  std::string next;
  if (!found->items.empty()) {
    const auto& one = found->items.front();
    json_text line;
    line.open();
    line.key("device");
    write_device(line, one);
    line.close();
    made.body = line.take() + "\n";
    next = person_position{found->next, one.value.device_id, "", found->next.empty()}.to_cursor();
  }
  end_export_page(made, of, next);
  return made;
}

/// A part of that device's history: what was sent to it, and what it reported.
answer person_history(const call& of, person_position at) {
  page_request paging{lines_per_export_page, at.history};
  auto found =
      of.engine.device_history(of.who.application, at.device_id, event_types::all(), std::nullopt, paging);
  // A device that was deleted meanwhile has no history any more.
  if (!found && found.failure().code != errc::not_found) return found.failure();
  auto entries = found ? std::move(*found) : page<feed_event>{};
  auto device_id = at.device_id;
  bool device_ends = entries.next.empty();
  at.history = std::move(entries.next);
  if (device_ends) at.device_id.clear();
  entries.next = device_ends && at.last ? "" : at.to_cursor();
  return list_export_page<feed_event>(of, entries, [&](json_text& line, const feed_event& each) {
    line.open();
    line.field("device_id", device_id);
    line.key("event");
    write_history_entry(line, each);
    line.close();
  });
}

}  // namespace

/// What is known of a person, for one who asks for it.
answer export_user(const call& of) {
  auto paging = export_paging(of.asked);
  if (!paging) return paging.failure();
  auto at = person_position::parse(paging->cursor);
  if (!at) return fault(errc::invalid_cursor, "This is no cursor of this export.");
  return at->device_id.empty() ? person_device(of, *at) : person_history(of, *at);
}

answer list_user_devices(const call& of) {
  auto paging = read_paging(of.asked.query, 1000);
  if (!paging) return paging.failure();
  auto found = of.engine.list_user_devices(of.who.application, of.name(), *paging);
  if (!found) return found.failure();
  return list_response(*found, write_device);
}

answer erase_user(const call& of) {
  auto erased = of.engine.erase_user(of.who.application, of.name());
  if (!erased) return erased.failure();
  json_text out;
  out.open();
  out.field("user_id", of.name());
  out.key("erased");
  out.open();
  out.field("devices", erased->devices);
  out.field("events", erased->events);
  out.close();
  out.close();
  return json_response(200, out);
}

}  // namespace pusher::http
