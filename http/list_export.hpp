// Exports that are made of the pages of a list: a line for each item, and at the end of each page a line that
// says where to go on.
#pragma once

#include <string>

#include "http/export_page.hpp"
#include "http/route_call.hpp"

namespace pusher::http {

constexpr size_t lines_per_export_page = 2000;

/// Which page a request of an export's stream asks for: the one of its note, first the one of the query's
/// cursor. Outside of a stream it is refused: a page alone must not pass for the whole.
result<page_request> export_paging(const request& asked);

/// Adds `{"next_cursor": ...}`, null behind the last line of all, and lets the stream go on there.
void end_export_page(response& made, const call& of, const std::string& next);

template <class T, class Write>
answer list_export_page(const call& of, const result<page<T>>& found, const Write& write) {
  if (!found) return found.failure();
  response made;
  made.content_type = "application/x-ndjson";
  for (const auto& each : found->items) {
    json_text line;
    write(line, each);
    made.body += line.take();
    made.body += '\n';
  }
  end_export_page(made, of, found->next);
  return made;
}

}  // namespace pusher::http
