// What became of notifications, of pushes and of devices.
#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"

namespace pusher {

result<http::feed_page> api_operations::read_feed(application_id app, event_types wanted,
                                                  const http::page_request& request) {
  auto after = from_cursor<3>(request.cursor);
  if (!after) return after.failure();
  auto [row, at, offset] = *after;
  auto found = feed_.read(app, {row, static_cast<utc_ms>(at), offset}, request.limit, wanted);
  if (!found) return found.failure();
  http::feed_page page;
  page.items = std::move(found->events);
  page.next = to_cursor(found->next.row, found->next.at, found->next.offset);
  page.at_end = found->at_end;
  return page;
}

}  // namespace pusher
